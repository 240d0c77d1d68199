import { createHmac } from 'node:crypto'
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import { type Json, list, record, text } from '../src/json.ts'
import { type FaultScripts, refusalBody, suffer } from './faults.ts'
import { fileRoutes } from './files.ts'
import { accept, isOpen, report, windowProblem } from './messages.ts'
import type { Operation, State } from './state.ts'
import type { WebhookSender } from './webhooks.ts'

type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>

/** A route of the API: noted, held to the token, and subject to the faults of its operation. */
export type Handle = (operation: Operation, usual: Handler) => Handler

/** The part of the Graph API that the channel uses. */
export function graphApi(state: State, faults: FaultScripts, webhooks: WebhookSender) {
  const app = Fastify({ forceCloseConnections: true })
  const { phoneNumberId, businessAccountId } = state.account

  const handle: Handle = (operation, usual) => async (request, reply) => {
    note(state, operation, request)
    const fault = faults.next(operation)
    if (fault) return suffer(fault, request, reply, () => Promise.resolve(usual(request, reply)))
    const problem = accessProblem(state, request, operation)
    return problem ? reply.code(problem.status).send(problem.body) : usual(request, reply)
  }

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

  app.get(
    `/:version/${phoneNumberId}`,
    handle('phone', async () => ({ id: phoneNumberId, ...state.phone }))
  )
  app.get(
    `/:version/${businessAccountId}/phone_numbers`,
    handle('numbers', async () => ({ data: [{ id: phoneNumberId }] }))
  )
  app.get(
    `/:version/${businessAccountId}/message_templates`,
    handle('templates', async ({ query }) => page(state, record(query)))
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
      const { override_callback_uri: url, verify_token: verifyToken } = record(body)
      if (!url) state.subscribed = true
      else if (!state.subscribed)
        return reply.code(400).send(
          refusalBody(100, '', {
            message: '(#100) Before override the current callback uri, your app must be subscribed'
          })
        )
      else {
        const failed = await webhooks.connect(text(url), text(verifyToken)).then(
          () => false,
          () => true
        )
        if (failed) return reply.code(400).send(refusalBody(2200, 'Callback verification failed'))
        state.override = { url: text(url), verifyToken: text(verifyToken) }
      }
      return { success: true }
    })
  )

  fileRoutes(app, state, handle)
  const unknown = { error_subcode: 33, message: 'Unsupported request. Object does not exist, cannot be loaded' }
  app.setNotFoundHandler((_request, reply) => reply.code(400).send(refusalBody(100, '', unknown)))
  return app
}

async function tell(state: State, message: Parameters<typeof report>[1], webhooks: WebhookSender): Promise<void> {
  const late = state.window === 'async' && message.body.type !== 'template' && !isOpen(state, message.contact)
  if (late) {
    const error = { code: 131047, title: 'Re-engagement message', error_data: { details: 'More than 24 hours' } }
    return report(state, message, 'failed', webhooks, { errors: [error] })
  }
  for (const status of state.statuses) await report(state, message, status, webhooks)
}

function note(state: State, operation: Operation, { method, url, query, headers, body }: FastifyRequest): void {
  const path = new URL(url, 'http://graph').pathname.replace(/^\/v[0-9.]+\//, '')
  state.calls.push({ operation, method, path, query: record(query), headers: { ...headers }, body })
}

function accessProblem({ token, secret }: State, { headers, query, url }: FastifyRequest, operation: Operation) {
  if (headers.authorization !== `Bearer ${token}`) return { status: 401, body: refusalBody(190, 'Invalid token') }
  if (!headers['user-agent']) return { status: 403, body: refusalBody(10, 'There is no user agent') }
  if (operation !== 'bytes' && !/^\/v\d+\.\d\//.test(url))
    return { status: 400, body: refusalBody(100, '', { message: "Invalid version format. Use format like 'v23.0'" }) }
  const proof = text(record(query).appsecret_proof)
  return proof && proof !== createHmac('sha256', secret).update(token).digest('hex')
    ? { status: 400, body: refusalBody(100, '', { message: 'Invalid appsecret_proof provided in the API argument' }) }
    : undefined
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
