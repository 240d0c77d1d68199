import createError from '@fastify/error'
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { Feed } from '../crm/feed.ts'
import type { Plugin } from '../crm/plugin.ts'
import { createGateway, type Gateway, type GatewayAt } from './gateway.ts'

export interface GatewayApiOptions {
  find: (key: string) => Plugin
  gateways: Readonly<Record<string, GatewayAt>>
  feed: Feed
}

const LOOK_MS = 200

const Key = Type.Object({ key: Type.String() })
const File = Type.Object({ key: Type.String(), message: Type.String(), index: Type.Integer({ minimum: 0 }) })
const Letter = Type.Object({
  contact: Type.String({ minLength: 1 }),
  text: Type.String(),
  attachments: Type.Array(
    Type.Object({
      name: Type.String(),
      /** The file itself, since a customer's files lie nowhere before the gateway has them. */
      uri: Type.String({ pattern: '^data:' }),
      type: Type.Union([Type.Literal('file'), Type.Literal('image'), Type.Literal('voice')])
    })
  )
})

const NoGateway = createError('NO_GATEWAY', 'There is no simulated gateway behind this plugin', 404)
const NotConnected = createError('NOT_CONNECTED', 'The gateway is not connected yet', 409)
const NoReplies = createError('NO_REPLIES', 'Customers can not write at this gateway', 409)
const NoFiles = createError('NO_FILES', 'Customers can not send files at this gateway', 409)
const NoFile = createError('NO_FILE', 'There is no such file', 404)

/** The customer's side of the page: what the simulated gateway of a plugin has, and what a customer writes there. */
export const gatewayApi: FastifyPluginAsyncTypebox<GatewayApiOptions> = async (app, { find, gateways, feed }) => {
  const made = new Map<string, Gateway>()
  const looking = setInterval(() => {
    for (const gateway of made.values()) gateway.look()
  }, LOOK_MS)
  app.addHook('onClose', async () => clearInterval(looking))

  const known = (key: string): Gateway | undefined => {
    const at = gateways[key]
    if (!at || made.has(key)) return made.get(key)
    const gateway = createGateway(at, find(key), () => feed.publish({ type: 'gateway', plugin: key }))
    made.set(key, gateway)
    return gateway
  }
  const needed = (key: string): Gateway => {
    const gateway = known(key)
    if (!gateway) throw new NoGateway()
    return gateway
  }

  app.get('/', { schema: { params: Key } }, async ({ params }, reply) =>
    reply.type('application/json').send(JSON.stringify(known(params.key)?.view() ?? null))
  )

  app.put('/connection', { schema: { params: Key } }, async ({ params }) => {
    await needed(params.key).connect()
    return { connected: true }
  })

  app.post('/messages', { schema: { params: Key, body: Letter } }, async ({ params, body }, reply) => {
    const gateway = needed(params.key)
    const { connected, replies, files } = gateway.facts()
    if (!connected) throw new NotConnected()
    if (!replies) throw new NoReplies()
    if (!files && body.attachments.length > 0) throw new NoFiles()
    gateway.write(body)
    return reply.code(202).send()
  })

  app.get('/messages/:message/files/:index', { schema: { params: File } }, async ({ params }, reply) => {
    const uri = needed(params.key).file(params.message, params.index)
    if (!uri) throw new NoFile()
    const response = await fetch(uri)
    if (!response.ok) throw new NoFile()
    const type = response.headers.get('content-type') ?? 'application/octet-stream'
    return reply
      .type(type)
      .headers({
        'content-disposition': /^(image|audio|video)\//.test(type) ? 'inline' : 'attachment',
        // A file does nothing in the name of the page, whatever it holds.
        'content-security-policy': "sandbox; default-src 'none'",
        'x-content-type-options': 'nosniff'
      })
      .send(Buffer.from(await response.arrayBuffer()))
  })
}
