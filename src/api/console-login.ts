import cookie from '@fastify/cookie'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { CONSOLE_COOKIE, refuseForeignOrigin } from './console-cookie.ts'
import type { ConsoleSession, ConsoleSessions } from './console-sessions.ts'
import { refuseInvalid } from './errors.ts'
import { limitGuesses, unauthorized } from './guesses.ts'
import type { Authenticate } from './tokens.ts'
import { validateRequest } from './validate.ts'

interface Deps {
  authenticate: Authenticate
  sessions: ConsoleSessions
  /** The host's own address: its path is the cookie's, so that the pages and the API get it. */
  selfUri: string
}

/** Wrong tokens a minute from one address: people type them, so fewer than of programs. */
const MAX_WRONG = 10

const Login = Type.Object(
  { token: Type.String({ minLength: 1, maxLength: 512, pattern: '^[\\x21-\\x7e]+$' }) },
  { additionalProperties: false }
)

/** `/session` of the console: login, who is logged in, logout. */
export const consoleLogin =
  ({ authenticate, sessions, selfUri }: Deps) =>
  async (scope: FastifyInstance): Promise<void> => {
    const app = scope.withTypeProvider<TypeBoxTypeProvider>()
    const { origin, pathname } = new URL(selfUri)
    const path = pathname.replace(/\/$/, '') || '/'
    app.setValidatorCompiler(validateRequest)
    refuseInvalid(app)
    await app.register(cookie)
    const prove = await limitGuesses(app, { authenticate, max: MAX_WRONG })

    app.addHook('onRequest', async (request, reply) => {
      reply.header('cache-control', 'no-store')
      refuseForeignOrigin(request, origin)
    })

    app.post('/session', { schema: { body: Login } }, async (request, reply) => {
      const { token } = request.body
      const client = await prove(request, reply, token)
      // Always a new one: an id that somebody else knows or has planted opens nothing.
      const { id, until } = await sessions.open(client, token, request.cookies[CONSOLE_COOKIE])
      setCookie(request, reply, id, until)
      return shown({ client, expiresAt: until })
    })

    app.get('/session', async (request, reply) => {
      const session = await sessions.find(request.cookies[CONSOLE_COOKIE] ?? '')
      if (!session) throw unauthorized(reply)
      return shown(session)
    })

    app.delete('/session', async (request, reply) => {
      await sessions.end(request.cookies[CONSOLE_COOKIE] ?? '')
      setCookie(request, reply, '', new Date(0))
      return reply.code(204).send()
    })

    function setCookie(request: FastifyRequest, reply: FastifyReply, id: string, expires: Date): void {
      // The browser's own word, since a proxy in front may speak TLS for the host.
      const secure = String(request.headers.origin).startsWith('https:')
      reply.setCookie(CONSOLE_COOKIE, id, { path, expires, httpOnly: true, sameSite: 'strict', secure })
    }
  }

const shown = ({ client, expiresAt }: ConsoleSession) => ({
  name: client.name,
  scopes: client.scopes,
  registration: client.registrationId,
  expiresAt: expiresAt.toISOString()
})
