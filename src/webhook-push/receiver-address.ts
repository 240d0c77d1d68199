import type { Outbound } from '../http-client/address-policy.ts'

/**
 * Where events may be pushed: by https to wherever the address policy lets the host call, and without TLS into networks of
 * `OUTBOUND_ALLOW` alone, since events have what customers write. Judged when a webhook is made, to say why, and by each
 * connection: a name may resolve otherwise by then.
 */

/** The longest address of a receiver. */
export const MAX_URL_LENGTH = 2_000

/** Why events would not be pushed there; undefined: they would. */
export async function receiverProblem(
  text: string,
  outbound: Pick<Outbound, 'hostProblem'>
): Promise<string | undefined> {
  const url = URL.parse(text)
  if (!url) return 'it is not an absolute address'
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'it does not begin with https'
  if (url.username || url.password) return 'it has a name or a password in it'
  if (url.hash) return 'it has a # in it'
  return outbound.hostProblem(url.hostname, { onlyAllowed: url.protocol === 'http:' })
}

/** Why events are not pushed there now. https is left to its connection, which is made to the very address that is judged. */
export const plainProblem = async (url: URL, outbound: Pick<Outbound, 'hostProblem'>): Promise<string | undefined> =>
  url.protocol === 'http:' ? outbound.hostProblem(url.hostname, { onlyAllowed: true }) : undefined
