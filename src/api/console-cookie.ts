import type { FastifyRequest } from 'fastify'
import { ForeignOrigin } from './errors.ts'

/** The cookie of a console's session, and what keeps other sites from using it. */

export const CONSOLE_COOKIE = 'cph_console'

/** Sites from which a browser says that a request comes, where it says so: the page itself, or the address bar. */
const OWN_SITES = new Set(['same-origin', 'none'])

/**
 * Throws unless a request comes from a page of this host: whatever changes something has to say its origin, which is that of
 * the address that was called, or, behind a proxy that calls the host by another name, of `self`. SameSite alone would let
 * pages of neighbouring names in.
 */
export function refuseForeignOrigin({ method, headers }: FastifyRequest, self: string): void {
  const { origin, host, 'sec-fetch-site': site } = headers
  const reads = method === 'GET' || method === 'HEAD'
  const isForeign = origin === undefined ? !reads : origin !== self && hostOf(origin) !== host
  if (isForeign || (site !== undefined && !OWN_SITES.has(String(site)))) throw new ForeignOrigin()
}

/** Only of an origin that a browser sends for a page; `null` has none. */
const hostOf = (origin: string) => /^https?:\/\/([^/?#@]+)$/.exec(origin)?.[1]
