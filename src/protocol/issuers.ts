/** Which clusters may speak, by the operator's configuration. Pure. Source: docs/protocol.md, "Tokens". */

export interface Issuers {
  scheme: string
  /** `host`, which includes its subdomains, or `=host` alone; each with `:port` behind it or without. Lower-case. */
  hostnames: readonly string[]
}

/** Most characters of a cluster's address, as the reference stores it. */
const MAX_ISSUER_LENGTH = 512

/** The origin of an address that `issuerProblem` let pass. All of a cluster's keys and registrations are bound to it. */
export const originOf = (iss: string): string => new URL(iss).origin

/** Why an address is none of a cluster that may speak, or be spoken to, now; undefined when it is. */
export function issuerProblem(iss: unknown, { scheme, hostnames }: Issuers): string | undefined {
  const issuer = typeof iss === 'string' && isPlain(iss) ? URL.parse(iss) : null
  if (!issuer) return 'Issuer is not an absolute URI'
  if (issuer.protocol !== `${scheme}:`) return `Issuer scheme is not '${scheme}'`

  const entries = hostnames.map(entryOf).filter(entry => names(entry, issuer.hostname))
  if (entries.length === 0) return `Issuer hostname is not in '{${hostnames.join(',')}}'`
  if (issuer.username || issuer.password) return 'Issuer must not have user info'
  if (!entries.some(entry => opens(entry, issuer))) return 'Issuer port is not allowed'
  return undefined
}

/** Short enough, and without what the database or a line of a log would fall over. */
const isPlain = (iss: string) => iss.length <= MAX_ISSUER_LENGTH && iss.isWellFormed() && !iss.includes('\0')

interface Entry {
  host: string
  exact: boolean
  port: string | undefined
}

function entryOf(text: string): Entry {
  const exact = text.startsWith('=')
  const address = exact ? text.slice(1) : text
  const port = /:(\d{1,5})$/.exec(address)?.[1]
  return { exact, port, host: port === undefined ? address : address.slice(0, -port.length - 1) }
}

const names = ({ host, exact }: Entry, hostname: string) =>
  hostname === host || (!exact && hostname.endsWith(`.${host}`))

/** Any port is allowed with http, which is for development. */
const opens = ({ port }: Entry, issuer: URL) =>
  issuer.protocol === 'http:' || (issuer.port || '443') === (port ?? '443')

/** Why an entry of the configuration could never name a cluster; undefined when it could. */
export function entryProblem(text: string): string | undefined {
  const { host, port } = entryOf(text.toLowerCase())
  return URL.parse(`https://${host}/`)?.hostname === host && Number(port ?? 443) <= 65_535
    ? undefined
    : `"${text}" is no host, such as example.com, =example.com or example.com:8443`
}
