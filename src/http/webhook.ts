import { readReceived, readVerdict } from 'channel-kit/answer'
import type { Reply, WebhookRequest } from 'channel-kit/channel'
import type { Log } from 'channel-kit/tools'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Mounted } from '../channels/load.ts'
import type { Registrations } from '../crm/registrations.ts'
import type { Report } from '../messages/reported.ts'
import type { MakeReady } from '../messages/send.ts'
import { logWrong } from '../messages/wrong.ts'
import { before, within } from '../outbound/deadline.ts'
import { BadRequest, NotFound, Refused, toTryAgain } from './errors.ts'

/** Gateways give up on slow answers, and some then stop calling. */
const WEBHOOK_MS = 10_000

type Call = FastifyRequest<{ Params: { token: string } }>

interface Parts {
  mounted: Mounted
  registrations: Pick<Registrations, 'byWebhookToken'>
  ready: MakeReady
  report: Report
}

/** A gateway calls. What it reports is stored before it is answered. Source: docs/channels.md, "Webhooks". */
export async function webhookRoutes(
  app: FastifyInstance,
  { mounted, registrations, ready, report }: Parts
): Promise<void> {
  const { webhook } = mounted.channel
  if (!webhook) return

  // Signatures are over the bytes, whatever type they claim to be.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: webhook.bodyLimit }, (_request, body, done) =>
    done(null, body)
  )

  const answered = async (request: Call, reply: FastifyReply, deadline: AbortSignal) => {
    const registration = await registrations.byWebhookToken(mounted.channel.name, request.params.token)
    if (!registration) throw new NotFound()
    const target = await ready(registration.id, deadline)
    if ('unready' in target) throw new BadRequest(`The webhook cannot be used yet: ${target.unready}`)

    const call = callOf(request)
    const { log } = target.tools
    const read = readVerdict(await before(deadline, webhook.verify(call, target.tools)))
    if ('wrong' in read) return refuseUnverified(log, read.wrong)
    const verdict = read.value
    if (verdict.kind === 'refused') throw new Refused(verdict.reason)
    if (verdict.kind === 'answer') return answer(reply, verdict.reply)

    const received = readReceived(await before(deadline, webhook.receive(call, target.tools)))
    if ('wrong' in received)
      throw new Error(`the channel answered what is no report: webhook.receive: ${received.wrong}`)
    const { events, reply: said, wrong } = received.value
    if (wrong.length > 0) logWrong(log, 'webhook.receive', wrong)
    await report(registration.id, events)
    // To call again would bring nothing that is not stored.
    return answer(reply, said ?? { status: 200 })
  }

  app.route({
    method: ['GET', 'POST'],
    url: '/webhook/:token',
    handler: (request: Call, reply) =>
      within(WEBHOOK_MS, deadline => answered(request, reply, deadline)).catch(toTryAgain)
  })
}

/** Whoever a channel does not clearly call genuine is not. */
function refuseUnverified(log: Log, wrong: string): never {
  log.error({ verb: 'webhook.verify', wrong }, 'the channel did not say whether a call is genuine, so it is refused')
  throw new Refused('The call could not be verified')
}

const callOf = ({ method, query, headers, body }: FastifyRequest): WebhookRequest => ({
  method: method === 'POST' ? 'POST' : 'GET',
  query: query as WebhookRequest['query'],
  headers,
  body: Buffer.isBuffer(body) ? body : Buffer.alloc(0)
})

const answer = (reply: FastifyReply, { status, headers = {}, body = '' }: Reply) =>
  reply.code(status).headers(headers).send(body)
