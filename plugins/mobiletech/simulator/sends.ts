import { isLocal } from 'channel-kit/simulator'
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import { type Fields, parsed, written } from './documents.ts'
import { type Fault, type Knobs, type Report, reportsOf, type Taken } from './knobs.ts'
import { objection } from './rules.ts'
import type { WebhookCalls } from './webhook-calls.ts'

/** The gateway takes messages, and reports what becomes of them. */

/** A `send` as it came. */
export interface Request {
  headers: FastifyRequest['headers']
  raw: string
  fields: Fields
  /** Why it was refused, by the rules of the gateway. */
  objection: string | undefined
}

interface Parts {
  knobs: Knobs
  calls: WebhookCalls
  projects: ReadonlyMap<string, string>
  bearer: string | undefined
  closing: AbortSignal
}

const FIRST_ID = 40_000_001

export function sends({ knobs, calls, projects, bearer, closing }: Parts) {
  const faults: Fault[] = []
  const requests: Request[] = []
  const taken: Taken[] = []
  const pending = new Set<Promise<void>>()

  const app = Fastify({ forceCloseConnections: true })
  app.addHook('onRequest', async ({ headers }, reply) => {
    if (!isLocal(headers)) return reply.code(421).send('This gateway answers at 127.0.0.1 only')
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body))
  app.post('/*', async (request, reply) => {
    if (bearer && request.headers.authorization !== `Bearer ${bearer}`) return reply.code(401).send()
    const fault = faults.shift()
    if (fault?.kind === 'close') return cut(reply)
    const made = requestOf(request, projects)
    requests.push(made)
    if (fault && fault.kind !== 'delay' && fault.kind !== 'drop') return misanswer(reply, fault)
    if (made.objection)
      return reply
        .code(400)
        .type('text/xml')
        .send(written('send_rsp', { error: made.objection }))
    return take(made.fields, reply, fault)
  })

  async function take(fields: Fields, reply: FastifyReply, fault: Fault | undefined) {
    const message = { id: String(FIRST_ID + taken.length), fields, at: new Date() }
    taken.push(message)
    const reports = reportsOf(message, knobs)
    await tell(
      message,
      reports.filter(({ early }) => early)
    )
    if (fault?.kind === 'drop') cut(reply)
    else {
      if (fault?.kind === 'delay') await passed(fault.ms, closing)
      reply.type('text/xml').send(written(knobs.answerCommand, { id: message.id }))
    }
    const telling = tell(
      message,
      reports.filter(({ early }) => !early)
    ).catch(() => {})
    pending.add(telling)
    void telling.finally(() => pending.delete(telling))
    return reply
  }

  async function tell(message: Taken, reports: readonly Report[]): Promise<void> {
    if (!calls.connected()) return
    for (const { status, id = message.id } of reports)
      await calls.postUntilTaken(written('status', { id, status }), 'status_rsp', id)
  }

  return {
    app,
    requests,
    taken,
    fail: (...next: readonly Fault[]) => void faults.push(...next),
    /** When all reports that were due have been taken. */
    async idle() {
      while (pending.size > 0) await Promise.all(pending)
    }
  }
}

function requestOf({ headers, body }: FastifyRequest, projects: ReadonlyMap<string, string>): Request {
  const raw = typeof body === 'string' ? body : ''
  const document = parsed(raw)
  return {
    headers,
    raw,
    fields: document?.fields ?? {},
    objection: objection({ contentType: headers['content-type'] ?? '', document }, projects)
  }
}

function misanswer(reply: FastifyReply, fault: Exclude<Fault, { kind: 'delay' | 'drop' }>) {
  if (fault.kind !== 'status')
    return reply.type('text/xml').send(fault.kind === 'no-id' ? written('send_rsp', { error: 'refused' }) : 'OK')
  if (fault.retryAfter !== undefined) reply.header('retry-after', fault.retryAfter)
  return reply.code(fault.code).send()
}

function cut(reply: FastifyReply) {
  reply.hijack()
  reply.raw.socket?.destroy()
  return reply
}

const passed = (ms: number, signal: AbortSignal) =>
  new Promise<void>(resolve => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
