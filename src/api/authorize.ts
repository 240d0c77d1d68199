import cookie from '@fastify/cookie'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { CONSOLE_COOKIE, refuseForeignOrigin } from './console-cookie.ts'
import type { ConsoleSessions } from './console-sessions.ts'
import { MissingScope, OtherRegistration, TooFast } from './errors.ts'
import { limitGuesses, unauthorized } from './guesses.ts'
import type { Scope } from './scopes.ts'
import type { Authenticate, Client } from './tokens.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Client of an API request; set before any handler. */
    client: Client
    /** True while its token or session is valid; for answers that take long. */
    isStillAllowed: () => Promise<boolean>
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
  /** Sessions of the console, where there is one. */
  sessions: ConsoleSessions | undefined
  /** Origin of the host's own address. */
  origin: string
}

/** Wrong tokens a minute from one address, after which none is looked up from there. */
const MAX_FAILURES = 30

/** Lets only requests with a valid token or session pass, that has the scope of the route and is within its limits. */
export async function authorize(
  app: FastifyInstance,
  { authenticate, perSecond, sessions, origin }: Deps
): Promise<void> {
  if (sessions) await app.register(cookie)
  const prove = await limitGuesses(app, { authenticate, max: MAX_FAILURES })
  const requests = app.createRateLimit({
    max: ({ client }: FastifyRequest) => client.perSecond ?? perSecond,
    timeWindow: 1_000,
    keyGenerator: ({ client }: FastifyRequest) => client.key
  })

  app.decorateRequest('client')
  app.decorateRequest('isStillAllowed')
  app.addHook('onRequest', async (request, reply) => {
    request.client = await clientOf(request, reply)
    const limit = await requests(request)
    if (!limit.isAllowed && limit.isExceeded) {
      reply.header('retry-after', Math.max(1, limit.ttlInSeconds))
      throw new TooFast('This token asks for more than it may in a second')
    }
    const { scope } = request.routeOptions.config
    if (scope && !request.client.scopes.includes(scope)) throw new MissingScope(scope)
  })

  async function clientOf(request: FastifyRequest, reply: FastifyReply): Promise<Client> {
    const token = bearerOf(request)
    if (token !== undefined) {
      request.isStillAllowed = async () => (await authenticate(token)) !== undefined
      return prove(request, reply, token)
    }
    const id = sessions && request.headers.authorization === undefined ? request.cookies[CONSOLE_COOKIE] : undefined
    const session = id === undefined ? undefined : await sessions?.find(id)
    if (!session) throw unauthorized(reply)
    refuseForeignOrigin(request, origin)
    request.isStillAllowed = async () => (await sessions?.find(String(id))) !== undefined
    return session.client
  }
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
