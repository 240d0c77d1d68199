import type { IncomingHttpHeaders } from 'node:http'
import type { Reply, Verdict, WebhookRequest } from 'channel-kit/channel'
import type { GatewayEvent } from 'channel-kit/event'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { beforeDeadline, type ReadyChannel, type RuntimeOf } from '../channels/call-channel.ts'
import { receivedOf, verdictOf } from '../channels/contract.ts'
import type { Mounted } from '../channels/load.ts'
import { within } from '../http-client/timeout.ts'
import { type KeepCall, type KeptCall, readingOf, unreadable } from '../inbound/keep-webhooks.ts'
import type { Ingest } from '../inbound/webhook-ingest.ts'
import type { Meter } from '../metrics/meter.ts'
import type { Registration, Registrations } from '../registrations/store.ts'
import { BadRequest, NotFound, Refused, toTryAgain } from './errors.ts'
import { handedTo } from './other-accounts.ts'
import { oneByOne, unpackerOf } from './packed-bodies.ts'

/** Gateways give up on slow answers, and some then stop calling. */
const WEBHOOK_TIMEOUT_MS = 10_000

declare module 'fastify' {
  interface FastifyRequest {
    /** The headers of a webhook call, as they came. */
    came: IncomingHttpHeaders
  }
}

type Call = FastifyRequest<{ Params: { token: string } }>

/** A call as the channel reads it, and as it was signed. */
interface Judged {
  call: WebhookRequest
  signed: WebhookRequest
  verdict: Verdict
}

/** A call as a registration's channel read it. */
interface Heard {
  registrationId: number
  reply: Reply
  events: readonly GatewayEvent[]
  elsewhere: readonly string[]
  /** Undefined: it is not kept. */
  kept: KeptCall | undefined
  /** The gateway only asked whether the address is right. */
  isHandshake: boolean
}

interface Deps {
  mounted: Mounted
  registrations: Pick<Registrations, 'byWebhookToken' | 'besides'>
  ready: RuntimeOf
  report: Ingest
  keep: KeepCall
  /** Counts a call that was not taken for genuine. */
  refused: (registrationId: number) => void
  meter: Meter
}

/** Webhook calls of gateways. Their events are stored before the answer. Source: docs/channels.md, "Webhooks". */
export async function webhookRoutes(
  app: FastifyInstance,
  { mounted, registrations, ready, report, keep, refused, meter }: Deps
): Promise<void> {
  const { webhook } = mounted.channel
  if (!webhook) return

  // Signatures are over the bytes, whatever type they claim to be. The server would refuse what is no type at all.
  app.decorateRequest('came')
  app.addHook('onRequest', async request => {
    request.came = { ...request.raw.headers }
    for (const name of ['content-type', 'content-encoding']) delete request.raw.headers[name]
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: webhook.bodyLimit }, (_request, body, done) =>
    done(null, body)
  )
  const inTurn = oneByOne()

  const answered = async (request: Call, reply: FastifyReply, deadline: AbortSignal) => {
    const registration = await registrations.byWebhookToken(mounted.channel.name, request.params.token)
    if (!registration) {
      meter.heard({ channel: mounted.channel.name }, 'unknown')
      throw new NotFound()
    }
    try {
      const { kind, answer } = await heardBy(registration, request, deadline)
      meter.heard({ registrationId: registration.id }, kind)
      return send(reply, answer)
    } catch (error) {
      meter.heard({ registrationId: registration.id }, error instanceof Refused ? 'refused' : 'failed')
      throw error
    }
  }

  const heardBy = async (registration: Registration, request: Call, deadline: AbortSignal) => {
    const runtime = await ready(registration.id, deadline)
    if (!runtime.ok) throw new BadRequest(`The webhook cannot be used yet: ${runtime.reason}`)
    const target = runtime.value

    const call = callOf(request)
    const unpack = unpackerOf(call.headers, webhook.bodyLimit)
    const hearJudged = async (judged: Judged) => {
      const own = await hear(registration.id, judged, target, deadline)
      const parts = { webhook, registrations, ready, judge }
      const others = await handedTo(registration, judged.signed, own.elsewhere, parts, deadline)
      const heard = [own]
      for (const { registrationId, target } of others) heard.push(await hear(registrationId, judged, target, deadline))
      return { reply: own.reply, heard }
    }
    const end = unpack
      ? await beforeDeadline(deadline, () =>
          inTurn(registration.id, async () => hearJudged(await judgePacked(call, unpack, target, deadline)))
        )
      : await hearJudged({ call, signed: call, verdict: await judge(call, target, deadline) })
    for (const { registrationId, events, kept } of end.heard) await report(registrationId, events, kept)
    return {
      kind: end.heard.some(({ isHandshake }) => !isHandshake) ? ('taken' as const) : ('answered' as const),
      answer: end.reply
    }
  }

  const judge = async (call: WebhookRequest, { tools }: ReadyChannel, deadline: AbortSignal): Promise<Verdict> =>
    verdictOf(await beforeDeadline(deadline, () => webhook.verify(call, tools)), tools.log)

  const hear = async (
    registrationId: number,
    { call, verdict }: Judged,
    { tools, naming }: ReadyChannel,
    deadline: AbortSignal
  ): Promise<Heard> => {
    if (verdict.kind === 'refused') {
      refused(registrationId)
      throw new Refused(verdict.reason)
    }
    if (verdict.kind === 'answer')
      return { registrationId, reply: verdict.reply, events: [], elsewhere: [], kept: undefined, isHandshake: true }
    try {
      const answer = await beforeDeadline(deadline, () => webhook.receive(call, tools))
      const { events, reply, elsewhere, skipped, wrong } = receivedOf(answer, tools.log)
      const named = naming(events)
      const kept = keep(registrationId, call, readingOf(named, skipped, wrong))
      // The default answer is 200: a repeated call would bring no new event.
      return { registrationId, events: named, elsewhere, reply: reply ?? { status: 200 }, kept, isHandshake: false }
    } catch (error) {
      const kept = keep(registrationId, call, unreadable(error))
      // The gateway is told why the call could not be read, not that it could not be kept either.
      if (kept) await report(registrationId, [], kept).catch(() => {})
      throw error
    }
  }

  /** Judges a packed call twice: gateways sign the body before or after they pack it, or a proxy packs a signed one. */
  const judgePacked = async (
    { headers: { 'content-encoding': _, 'content-length': __, ...headers }, ...call }: WebhookRequest,
    unpack: (body: Buffer) => Promise<Buffer>,
    target: ReadyChannel,
    deadline: AbortSignal
  ): Promise<Judged> => {
    // The call may have waited in turn for longer than its gateway waits for the answer.
    deadline.throwIfAborted()
    const packed = { ...call, headers }
    const asItCame = await judge(packed, target, deadline)
    const unpacked = { ...packed, body: await unpack(call.body) }
    return asItCame.kind === 'refused'
      ? { call: unpacked, signed: unpacked, verdict: await judge(unpacked, target, deadline) }
      : { call: unpacked, signed: packed, verdict: asItCame }
  }

  app.route({
    method: ['GET', 'POST'],
    url: '/webhook/:token',
    handler: (request: Call, reply) =>
      within(WEBHOOK_TIMEOUT_MS, deadline => answered(request, reply, deadline)).catch(toTryAgain)
  })
}

const callOf = ({ method, query, came, body }: FastifyRequest): WebhookRequest => ({
  method: method === 'POST' ? 'POST' : 'GET',
  query: query as WebhookRequest['query'],
  headers: came,
  body: Buffer.isBuffer(body) ? body : Buffer.alloc(0)
})

const send = (reply: FastifyReply, { status, headers = {}, body = '' }: Reply) =>
  reply.code(status).headers(headers).send(body)
