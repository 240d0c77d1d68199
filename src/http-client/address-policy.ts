import { lookup } from 'node:dns'
import { lookup as lookupAll } from 'node:dns/promises'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { FORBIDDEN } from 'channel-kit/network'
import { Agent, buildConnector } from 'undici'
import { openBudgets } from './budget.ts'
import { type Asked, exchange, wholeUpTo } from './exchange.ts'
import { openFetch } from './fetch.ts'

/**
 * The only way to call CRMs and gateways. Every connection is held to the address policy at the
 * moment it is made, on the address that the name resolved to, so neither a
 * tenant's URL nor a changing DNS answer reaches the operator's own network.
 */

/** Addresses outside of the public internet: the IANA registries of special purpose, and networks that they have given back. */
const SPECIAL_IPV4 = [
  '0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24',
  '192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24',
  '203.0.113.0/24 224.0.0.0/4 240.0.0.0/4'
].flatMap(line => line.split(' '))

/**
 * All but the unicast of 2000::/3: that leaves out every address of IPv4 in a
 * form of IPv6 (mapped, compatible, translated, NAT64) besides the local ones.
 * Within 2000::/3 Teredo and its like, documentation, 6to4, AS112, the 6bone.
 */
const SPECIAL_IPV6 = [
  '::/3 4000::/2 8000::/1',
  '2001::/23 2001:db8::/32 2002::/16 2620:4f:8000::/48 3ffe::/16 3fff::/20'
].flatMap(line => line.split(' '))

const CONNECT_TIMEOUT_MS = 5_000
/** Most bytes of a file for a channel, which comes as a stream: a video of WhatsApp has 16 MiB, a document 100. */
const MAX_STREAMED_BYTES = 128 * 1024 * 1024

/** Bytes of answers that one registration may have half-read in memory. */
const ACCOUNT_BUDGET_BYTES = 16 * 1024 * 1024

export type Outbound = ReturnType<typeof openOutbound>

/** `allow`: networks, as CIDR, that may be called though they are special. Throws on a malformed one. */
export function openOutbound(allow: readonly string[]) {
  // Apart, since a list takes an address of IPv4 for the mapped one of IPv6.
  const special = { ipv4: networks(SPECIAL_IPV4), ipv6: networks(SPECIAL_IPV6) }
  const allowed = networks(allow)
  const familyOf = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4')
  const isAllowed = (address: string) => allowed.check(address, familyOf(address))
  const permits = (address: string) => {
    const family = familyOf(address)
    if (isAllowed(address)) return true
    return !special[family].check(address, family) && !(family === 'ipv6' && isTunnel(address))
  }

  const guarded: LookupFunction = (hostname, options, done) =>
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return done(error, '', 0)
      const permitted = addresses.filter(({ address }) => permits(address))
      const [first] = permitted
      if (!first) return done(forbidden(hostname), '', 0)
      return options.all ? done(null, permitted) : done(null, first.address, first.family)
    })
  const connect = buildConnector({ lookup: guarded, timeout: CONNECT_TIMEOUT_MS })

  const agent = new Agent({
    connect: (options, done) => {
      // A literal address is connected to without a look-up.
      const literal = literalOf(options.hostname)
      if (isIP(literal) && !permits(literal)) return done(forbidden(literal), null)
      return connect(options, done)
    },
    maxResponseSize: MAX_STREAMED_BYTES,
    keepAliveTimeout: 30_000
  })

  /** Why a host would not be called, for whoever names it; undefined: it would. `onlyAllowed`: in networks of `allow` alone. */
  async function hostProblem(hostname: string, { onlyAllowed }: { onlyAllowed: boolean }): Promise<string | undefined> {
    const literal = literalOf(hostname)
    const found = isIP(literal) ? [{ address: literal }] : await lookupAll(hostname, { all: true }).catch(() => [])
    if (found.length === 0) return `${hostname} has no address`
    if (!found.some(({ address }) => permits(address))) return forbidden(hostname).message
    // Each of them: the connection may take any.
    if (onlyAllowed && !found.every(({ address }) => isAllowed(address)))
      return `${hostname} is not in a network of OUTBOUND_ALLOW, so it has to be https`
    return undefined
  }

  return {
    hostProblem,
    /** Follows no redirect, since a redirect would carry credentials along. */
    fetch: openFetch(agent),
    /** Memory for the answers of a registration, by its number. */
    budgetOf: openBudgets(ACCOUNT_BUDGET_BYTES),
    /** An answer of at most `most` bytes; of a longer one there is no body. */
    call: (asked: Asked, most: number) => exchange(agent, asked, wholeUpTo(most)),
    close: () => agent.destroy()
  }
}

/** Without the brackets of IPv6. */
const literalOf = (hostname: string) => hostname.replace(/^\[|\]$/g, '')

/** ISATAP: the last half of any address may hold one of IPv4. */
function isTunnel(address: string): boolean {
  if (address.includes('%')) return true
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::')
  const [before, after] = [head, tail ?? ''].map(part => part.split(':').filter(Boolean)) as [string[], string[]]
  const groups = [...before, ...Array<string>(8 - before.length - after.length).fill('0'), ...after]
  return (groups[4] === '0' || groups[4] === '200') && groups[5] === '5efe'
}

const forbidden = (host: string) =>
  Object.assign(new Error(`${host} is in a private network, which OUTBOUND_ALLOW does not list`), { code: FORBIDDEN })

/** Throws when one of them is no CIDR. */
export function networks(list: readonly string[]): BlockList {
  const block = new BlockList()
  for (const cidr of list) {
    const [address = '', bits = isIP(address) === 6 ? '128' : '32', ...more] = cidr.split('/')
    const family = isIP(address)
    const longest = family === 6 ? 128 : 32
    if (family === 0 || !/^\d+$/.test(bits) || Number(bits) > longest || more.length > 0)
      throw new Error(`OUTBOUND_ALLOW: "${cidr}" is no network, such as 10.0.0.0/8`)
    block.addSubnet(address, Number(bits), family === 6 ? 'ipv6' : 'ipv4')
  }
  return block
}
