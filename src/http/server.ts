import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import cors from '@fastify/cors'
import Fastify, { type FastifyInstance, LogController } from 'fastify'
import { createLogger } from '../logging/logger.ts'
import { quoted } from '../protocol/limits.ts'
import bodies, { BODY_LIMIT, parseQuery } from './bodies.ts'
import errors, { refuse, refuseBroken, refuseExpectation } from './errors.ts'

interface Deps {
  logLevel: string
  /** Contacts are logged as they are. */
  logContacts: boolean
  /** The log is for a person at a terminal. */
  pretty: boolean
}

/** A slow client has so long for one request: an upload of the largest size gets through on a slow line. */
const REQUEST_TIMEOUT_MS = 300_000

/** While the server closes, idle connections are closed at this interval. */
const CLOSE_IDLE_EVERY_MS = 100

const METHODS = 'GET, POST, PUT, OPTIONS'

/** Headers of every answer, errors included. */
const CORS = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers': '*',
  'access-control-allow-methods': METHODS
}

/** The id that a proxy has given a request, or a new one; it is in every line about the request. */
function requestId({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && /^[\w-]{1,64}$/.test(given) ? given : randomUUID()
}

/** The bare server: how it reads, answers and refuses, before it has a route. */
export async function openServer({ logLevel, logContacts, pretty }: Deps, logTo: NodeJS.WritableStream | undefined) {
  const logger = createLogger({ level: logLevel, contacts: logContacts, pretty, stream: logTo })
  const app = Fastify({
    genReqId: requestId,
    logger: {
      ...logger.options,
      // A webhook's path holds its token, and a query may hold anything.
      serializers: {
        req: ({ method, url, ip }) => ({
          method,
          url: url && quoted(url.replace(/(\/webhook\/)[^/?]+|\?.*/g, '$1')),
          ip
        })
      }
    },
    // A path that cannot be read never reaches a route, nor the hooks.
    frameworkErrors: (error, _request, reply) =>
      refuse(reply.headers(CORS), error.statusCode ?? 400, quoted(error.message)),
    clientErrorHandler: refuseBroken,
    bodyLimit: BODY_LIMIT,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // A line a request costs more than the request; what is refused or fails is logged where that happens.
    logController: new LogController({ disableRequestLogging: true }),
    routerOptions: { querystringParser: parseQuery, maxParamLength: 500 },
    forceCloseConnections: 'idle'
  })
  logger.tellBy(app.log)
  app.server.on('checkExpectation', refuseExpectation)
  await app.register(errors)
  await app.register(cors, {
    origin: '*',
    methods: METHODS,
    allowedHeaders: '*',
    optionsSuccessStatus: 200,
    strictPreflight: false
  })
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers(CORS)
  })
  closeIdleAtEnd(app)
  await app.register(bodies)
  return app
}

/**
 * Has the end of a server wait for no client that asks nothing: one may keep its connection for a minute after its last answer,
 * or have opened it ahead of its first request, as browsers do, which Node counts as busy.
 */
function closeIdleAtEnd(app: FastifyInstance): void {
  const connections = new Set<Socket>()
  app.server.on('connection', socket => {
    connections.add(socket)
    socket.once('close', () => connections.delete(socket))
  })
  app.addHook('preClose', async () => {
    const closeIdle = setInterval(() => {
      app.server.closeIdleConnections()
      for (const socket of connections) if (socket.bytesRead === 0) socket.destroy()
    }, CLOSE_IDLE_EVERY_MS)
    app.server.once('close', () => clearInterval(closeIdle))
  })
}
