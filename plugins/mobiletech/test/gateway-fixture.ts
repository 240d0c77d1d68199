import type { WebhookRequest } from 'channel-kit/channel'
import type { GatewayEvent } from 'channel-kit/event'
import type { Outgoing } from 'channel-kit/outcome'
import { startSimulator } from 'channel-mobiletech/simulator'
import Fastify from 'fastify'
import type { Test } from 'tap'
import mobiletech from '../src/channel.ts'
import type { IncomingContext } from '../src/incoming-sms.ts'
import type { MobiletechSettings, MobiletechTools } from '../src/settings.ts'

/** The channel and its gateway, with HTTP between them and nobody behind them. */

export type Change = { [Group in keyof MobiletechSettings]?: Partial<MobiletechSettings[Group]> }

interface Wanted {
  settings?: Change
  knobs?: Parameters<typeof startSimulator>[0]
  tools?: Partial<MobiletechTools>
}

export const ORANGE = '+421905000002'
export const NOBODY = '+421900123456'

export async function stand(t: Test, { settings = {}, knobs, tools: lent = {} }: Wanted = {}) {
  const gateway = await startSimulator(knobs)
  const logged: string[] = []
  const tools = toolsOf(settings, { logged, gateway: gateway.settings.gateway ?? {}, lent })
  const events: GatewayEvent[] = []
  const app = Fastify()
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  app.route({
    method: ['GET', 'POST'],
    url: '/',
    async handler({ method, headers, body }, reply) {
      const call = {
        method,
        query: {},
        headers,
        body: Buffer.isBuffer(body) ? body : Buffer.alloc(0)
      } as WebhookRequest
      const verdict = await webhook.verify(call, tools)
      if (verdict.kind === 'refused') return reply.code(403).send()
      const received =
        verdict.kind === 'genuine' ? await webhook.receive(call, tools) : { reply: verdict.reply, events: [] }
      events.push(...received.events)
      return reply
        .code(received.reply.status)
        .headers(received.reply.headers ?? {})
        .send(received.reply.body)
    }
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  await gateway.connect(url)
  t.teardown(async () => {
    await gateway.close()
    await app.close()
  })
  return {
    gateway,
    events,
    logged,
    tools,
    url,
    send: (change: Partial<Outgoing> = {}) => mobiletech.send(outgoing(change), tools)
  }
}

const { webhook = never() } = mobiletech

function never(): never {
  throw new Error('The channel has no webhook')
}

interface Background {
  logged?: string[]
  gateway?: Readonly<Record<string, unknown>>
  lent?: Partial<MobiletechTools>
}

/** Tools with the settings of an admin who only filled in the first group. */
export function toolsOf(change: Change, { logged = [], gateway = {}, lent = {} }: Background = {}): MobiletechTools {
  const log = (_: object, message: string) => void logged.push(message)
  return {
    settings: {
      gateway: { mode: ['live'], ...gateway, ...change.gateway },
      text: { ...change.text },
      autoReply: { ...change.autoReply },
      templates: { ...change.templates },
      webhook: {}
    },
    options: { attachments: 'links' },
    fetch,
    signal: AbortSignal.timeout(30_000),
    now: () => new Date(),
    log: { info: log, warn: log, error: log },
    translate: (_category, message, params = {}) =>
      message.replace(/\{(\w+)\}/g, (_, name: string) => String(params[name])),
    upload: never,
    spool: never,
    webhookUrl: 'https://host.example/mobiletech/webhook/secret',
    notes: {},
    recall: async asked => asked.map(() => undefined),
    ...lent
  }
}

/** The rest is as in a message that an agent writes first. */
export const outgoing = (change: Partial<Outgoing>): Outgoing => ({
  id: '7',
  attempt: 1,
  contact: ORANGE,
  address: change.contact ?? ORANGE,
  subject: null,
  content: { text: 'PONG', format: 'text' },
  attachments: [],
  sent: [],
  progress: null,
  conversation: { lastIncoming: null, memory: null },
  ...change
})

export const text = (words: string) => ({ content: { text: words, format: 'text' as const } })

export const context: IncomingContext = {
  servId: '1700',
  projectId: '70',
  shortNumber: '8800',
  operator: 'O',
  dcs: '0',
  esm: '0',
  coding: 'text'
}
