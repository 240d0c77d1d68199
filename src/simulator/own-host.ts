import createError from '@fastify/error'
import { isLoopback } from 'channel-kit/simulator'
import type { FastifyRequest } from 'fastify'

/** The demo listens for whoever opened it on this machine, and not for pages that the browser has open beside it. */

const Misdirected = createError('MISDIRECTED', 'The demo answers at 127.0.0.1 only', 421)
const ForeignOrigin = createError('FOREIGN_ORIGIN', 'The demo is changed by its own page only', 403)

export async function ownHostOnly({ method, headers: { host, origin } }: FastifyRequest): Promise<void> {
  if (!isLoopback(host)) throw new Misdirected()
  if (origin !== undefined && method !== 'GET' && !isLoopback(URL.parse(origin)?.host)) throw new ForeignOrigin()
}
