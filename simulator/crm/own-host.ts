import createError from '@fastify/error'
import type { FastifyRequest } from 'fastify'

/** The demo listens for whoever opened it on this machine, and not for pages that the browser has open beside it. */

const Misdirected = createError('MISDIRECTED', 'The demo answers at its own address only', 421)
const ForeignOrigin = createError('FOREIGN_ORIGIN', 'The demo is changed by its own page only', 403)

/** `port`: where it listens, once it does. A name that a page of anywhere has resolve to 127.0.0.1 is not its own. */
export const ownHostOnly =
  (port: () => number) =>
  async ({ method, headers: { host, origin } }: FastifyRequest): Promise<void> => {
    const own = [`127.0.0.1:${port()}`, `localhost:${port()}`]
    if (!own.includes(host ?? '')) throw new Misdirected()
    if (origin !== undefined && method !== 'GET' && !own.includes(URL.parse(origin)?.host ?? ''))
      throw new ForeignOrigin()
  }
