import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { MissingScope, OtherRegistration, TooFast, Unauthorized } from './errors.ts'
import type { Scope } from './scopes.ts'
import type { Authenticate, Client } from './tokens.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Client of an API request; set before any handler. */
    client: Client
  }
  interface FastifyContextConfig {
    /** The scope that the token of an API request must have. */
    scope?: Scope
  }
}

interface Deps {
  authenticate: Authenticate
  /** Requests a second of a token that has no limit of its own. */
  perSecond: number
}

/** Wrong tokens a minute from one address, after which none is looked up from there. */
const MAX_FAILURES = 30
/** Addresses and tokens whose counts a host keeps. */
const MAX_COUNTED = 10_000
/** Tokens that were valid here lately, which the failures of others at the same address, such as a proxy's, do not shut out. */
const MAX_PROVEN = 1_000

/** Lets only requests with a valid token pass, that has the scope of the route and is within its limits. */
export async function authorize(app: FastifyInstance, { authenticate, perSecond }: Deps): Promise<void> {
  await app.register(rateLimit, { global: false, cache: MAX_COUNTED })
  // By the address, of IPv6 by its /64, as the library does it.
  const failures = app.createRateLimit({ max: MAX_FAILURES, timeWindow: 60_000 })
  const requests = app.createRateLimit({
    max: ({ client }: FastifyRequest) => client.perSecond ?? perSecond,
    timeWindow: 1_000,
    keyGenerator: ({ client }: FastifyRequest) => client.key
  })
  const proven = new Set<string>()

  app.decorateRequest('client')
  app.addHook('onRequest', async (request, reply) => {
    const token = bearerOf(request)
    if (token === undefined) throw unauthorized(reply)
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
    request.client = client
    const limit = await requests(request)
    if (!limit.isAllowed && limit.isExceeded) {
      reply.header('retry-after', Math.max(1, limit.ttlInSeconds))
      throw new TooFast('This token asks for more than it may in a second')
    }
    const { scope } = request.routeOptions.config
    if (scope && !client.scopes.includes(scope)) throw new MissingScope(scope)
  })

  function prove(token: string): void {
    proven.delete(token)
    if (proven.size >= MAX_PROVEN) proven.delete(proven.keys().next().value as string)
    proven.add(token)
  }
}

function unauthorized(reply: { header: (name: string, value: string) => unknown }) {
  reply.header('www-authenticate', 'Bearer')
  return new Unauthorized()
}

const bearerOf = ({ headers: { authorization } }: FastifyRequest) =>
  /^bearer ([\x21-\x7e]{1,512})$/i.exec(authorization ?? '')?.[1]

/** Throws unless the client may touch the registration; null: what is about all of them. */
export function mayTouch({ registrationId }: Client, wanted: number | null): void {
  if (registrationId !== null && registrationId !== wanted) throw new OtherRegistration()
}

/** The registration that a list is about: the one asked for, or the only one that the client may see. */
export function visible(client: Client, wanted: number | undefined): number | undefined {
  if (wanted !== undefined) mayTouch(client, wanted)
  return wanted ?? client.registrationId ?? undefined
}
