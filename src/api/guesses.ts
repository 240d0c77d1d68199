import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { TooFast, Unauthorized } from './errors.ts'
import type { Authenticate, Client } from './tokens.ts'

/** Addresses and tokens whose counts a host keeps. */
const MAX_COUNTED = 10_000
/** Tokens that were valid here lately, which the failures of others at the same address, such as a proxy's, do not shut out. */
const MAX_PROVEN = 1_000

export type Prove = (request: FastifyRequest, reply: FastifyReply, token: string) => Promise<Client>

/**
 * Finds the client of a token, and throws for none. After `max` wrong tokens a minute from one address none is looked up
 * from there. Registers the rate limiter in the context of `app`.
 */
export async function limitGuesses(
  app: FastifyInstance,
  { authenticate, max }: { authenticate: Authenticate; max: number }
): Promise<Prove> {
  await app.register(rateLimit, { global: false, cache: MAX_COUNTED })
  // By the address, of IPv6 by its /64, as the library does it.
  const failures = app.createRateLimit({ max, timeWindow: 60_000 })
  const proven = new Set<string>()

  return async (request, reply, token) => {
    const failed = await failures(request, { increment: false })
    if (!failed.isAllowed && failed.isExceeded && !proven.has(token)) {
      reply.header('retry-after', failed.ttlInSeconds)
      throw new TooFast('Too many requests with wrong tokens came from this address')
    }
    const client = await authenticate(token)
    if (!client) {
      proven.delete(token)
      await failures(request)
      throw unauthorized(reply)
    }
    prove(token)
    return client
  }

  function prove(token: string): void {
    proven.delete(token)
    if (proven.size >= MAX_PROVEN) proven.delete(proven.keys().next().value as string)
    proven.add(token)
  }
}

export function unauthorized(reply: { header: (name: string, value: string) => unknown }) {
  reply.header('www-authenticate', 'Bearer')
  return new Unauthorized()
}
