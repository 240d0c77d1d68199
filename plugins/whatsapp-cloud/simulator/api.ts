import { type Json, list, record, text } from 'channel-kit/json'
import { isLocal } from 'channel-kit/simulator'
import Fastify, { type FastifyReply } from 'fastify'
import { type FaultScripts, refusalBody } from './faults.ts'
import { deliveredRoutes, fileRoutes } from './files.ts'
import { handling } from './handle.ts'
import { accept, isOpen, report, windowProblem } from './messages.ts'
import type { State } from './state.ts'
import type { WebhookSender } from './webhooks.ts'

/** The part of the Graph API that the channel uses. */
export function graphApi(state: State, faults: FaultScripts, webhooks: WebhookSender) {
  const app = Fastify({ forceCloseConnections: true })
  app.addHook('onRequest', async ({ headers }, reply) => {
    if (!isLocal(headers)) return reply.code(421).send('This gateway answers at 127.0.0.1 only')
  })
  const { phoneNumberId, businessAccountId } = state.account

  const handle = handling(state, faults)

  app.post(
    `/:version/${phoneNumberId}/messages`,
    handle('messages', async (request, reply) => {
      const body = record(request.body)
      const problem = windowProblem(state, body)
      if (problem) return reply.code(problem.status).send(refusalBody(problem.code, problem.details))
      const sent = accept(state, body)
      if (sent.kind === 'refused') return reply.code(sent.status).send(sent.body)
      const told = tell(state, sent.message, webhooks)
      if (state.statusesFirst) await told
      return sent.answer
    })
  )

  for (const number of [phoneNumberId, ...state.otherNumbers]) {
    app.get(
      `/:version/${number}`,
      handle('phone', async ({ query }) =>
        record(query).fields === 'webhook_configuration'
          ? { id: number, webhook_configuration: configurationOf(state, number) }
          : { id: number, ...state.phone }
      )
    )
    app.post(
      `/:version/${number}`,
      handle('phone', async ({ body }, reply) => {
        const { override_callback_uri: url, verify_token: token } = record(record(body).webhook_configuration)
        return override(state, webhooks, { url: text(url), verifyToken: text(token) }, reply, callback =>
          state.callbacks.set(number, callback)
        )
      })
    )
  }
  app.get(
    `/:version/${businessAccountId}/phone_numbers`,
    handle('numbers', async () => ({ data: [phoneNumberId, ...state.otherNumbers].map(id => ({ id })) }))
  )
  app.get(
    `/:version/${businessAccountId}/message_templates`,
    handle('templates', async ({ query }) => page(state, record(query)))
  )

  app.get(
    '/:version/debug_token',
    handle('token', async () => ({ data: state.tokenData }))
  )
  app.get(
    `/:version/${businessAccountId}/subscribed_apps`,
    handle('subscription', async () => ({
      data: state.subscribed
        ? [
            {
              whatsapp_business_api_data: { id: '1', name: 'Simulated app' },
              override_callback_uri: state.override?.url
            }
          ]
        : []
    }))
  )
  app.post(
    `/:version/${businessAccountId}/subscribed_apps`,
    handle('subscription', async ({ body }, reply) => {
      const { override_callback_uri: url, verify_token: token } = record(body)
      if (url)
        return override(state, webhooks, { url: text(url), verifyToken: text(token) }, reply, callback => {
          state.override = callback
        })
      state.subscribed = true
      state.override = undefined
      return { success: true }
    })
  )

  fileRoutes(app, state, handle)
  deliveredRoutes(app, state)
  const unknown = { error_subcode: 33, message: 'Unsupported request. Object does not exist, cannot be loaded' }
  app.setNotFoundHandler((_request, reply) => reply.code(400).send(refusalBody(100, '', unknown)))
  return app
}

interface Callback {
  url: string
  verifyToken: string
}

/** An address instead of the app's, which Meta calls at once. */
async function override(
  state: State,
  webhooks: WebhookSender,
  callback: Callback,
  reply: FastifyReply,
  keep: (callback: Callback) => unknown
) {
  const early = { message: '(#100) Before override the current callback uri, your app must be subscribed' }
  if (!state.subscribed) return reply.code(400).send(refusalBody(100, '', early))
  const problem = await webhooks.challenge(callback.url, callback.verifyToken)
  if (problem) return reply.code(400).send(refusalBody(2200, 'Callback verification failed'))
  keep(callback)
  return { success: true }
}

const configurationOf = (state: State, number: string) => ({
  ...(state.callbacks.has(number) ? { phone_number: state.callbacks.get(number)?.url } : {}),
  ...(state.override ? { whatsapp_business_account: state.override.url } : {})
})

async function tell(state: State, message: Parameters<typeof report>[1], webhooks: WebhookSender): Promise<void> {
  const late = state.window === 'async' && message.body.type !== 'template' && !isOpen(state, message.contact)
  if (late) {
    const error = { code: 131047, title: 'Re-engagement message', error_data: { details: 'More than 24 hours' } }
    return report(state, message, 'failed', webhooks, { errors: [error] })
  }
  for (const status of state.statuses) await report(state, message, status, webhooks)
}

function page({ templates, templatesPerPage }: State, { name, status, after }: Json) {
  const fitting = templates.filter(
    one => (!name || text(one.name).includes(text(name))) && (!status || one.status === status)
  )
  const start = Number(after ?? 0)
  const end = start + templatesPerPage
  const cursors = { before: String(start), after: String(end) }
  return {
    data: list(fitting).slice(start, end),
    paging:
      end < fitting.length ? { cursors, next: 'https://graph.example/next?access_token=never-use-me' } : { cursors }
  }
}
