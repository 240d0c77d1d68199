import createError from '@fastify/error'
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { CrmKnowledge } from '../crm/crm.ts'
import type { Plugin } from '../crm/plugin.ts'
import type { GatewayAt } from './gateway.ts'
import { gatewayApi } from './gateway-api.ts'
import { liveStream } from './live-stream.ts'
import { relay } from './relay.ts'
import { settingsApi } from './settings-api.ts'
import { summarise } from './summarise.ts'

export interface PageApiOptions extends CrmKnowledge {
  gateways: Readonly<Record<string, GatewayAt>>
}

const Attachment = Type.Object({
  name: Type.String(),
  uri: Type.String(),
  type: Type.Union([Type.Literal('file'), Type.Literal('image'), Type.Literal('voice')])
})

const Draft = Type.Object({
  contact: Type.String({ minLength: 1 }),
  subject: Type.Union([Type.String(), Type.Null()]),
  content: Type.Union([Type.Object({ text: Type.String(), format: Type.String() }), Type.Null()]),
  attachments: Type.Array(Attachment)
})

const Contact = Type.Object({ contact: Type.String({ minLength: 1 }), name: Type.String({ minLength: 1 }) })
const Registration = Type.Object({
  country: Type.String({ pattern: '^[A-Z]{2}$' }),
  currency: Type.String({ pattern: '^[A-Z]{3}$' })
})
const Key = Type.Object({ key: Type.String() })

const NoPlugin = createError('NO_PLUGIN', 'The CRM knows no such plugin', 404)
const NoExchange = createError('NO_EXCHANGE', 'This exchange is no longer kept', 404)

/** Routes of the page; the CRM alone speaks to the plugins. */
export const pageApi: FastifyPluginAsyncTypebox<PageApiOptions> = async (app, options) => {
  const { plugins, exchanges, feed, gateways } = options
  const find = (key: string): Plugin => {
    const found = plugins().find(plugin => plugin.key === key)
    if (!found) throw new NoPlugin()
    return found
  }

  app.setErrorHandler<Error & { statusCode?: number }>((error, _request, reply) => {
    const code = error.statusCode ?? 502
    return reply.code(code).send({ code, message: error.message })
  })

  app.get('/plugins', () => plugins().map(plugin => plugin.summary()))
  app.get('/events', (_request, reply) => liveStream(feed, reply))

  app.get('/exchanges', () => exchanges.list().map(summarise))
  app.get('/exchanges/:id', { schema: { params: Type.Object({ id: Type.Integer() }) } }, ({ params }) => {
    const found = exchanges.find(params.id)
    if (!found) throw new NoExchange()
    return found
  })

  app.put(
    '/plugins/:key/registration',
    { schema: { params: Key, body: Registration } },
    async ({ params, body }, reply) => relay(reply, await find(params.key).register(body))
  )

  app.get('/plugins/:key/conversations', { schema: { params: Key } }, ({ params }) =>
    find(params.key).conversations.list()
  )
  app.post('/plugins/:key/conversations', { schema: { params: Key, body: Contact } }, ({ params, body }) =>
    find(params.key).conversations.open(body.contact, body.name)
  )
  app.post('/plugins/:key/messages', { schema: { params: Key, body: Draft } }, async ({ params, body }) => {
    const { message } = await find(params.key).send(body)
    return message
  })

  app.register(settingsApi, { prefix: '/plugins/:key', find })
  app.register(gatewayApi, { prefix: '/plugins/:key/gateway', find, gateways, feed })
}
