import type { GatewayEvent, NoteEvent } from 'channel-kit/event'
import type { Outcome, Outgoing } from 'channel-kit/outcome'
import type { Note, Recalled } from 'channel-kit/tools'
import type { Test } from 'tap'
import { Value } from 'typebox/value'
import { startSimulator } from '../simulator/simulator.ts'
import type { State } from '../simulator/state.ts'
import channel from '../src/channel.ts'
import { Settings, type WhatsAppTools } from '../src/settings.ts'

/** Tools of the channel as a host lends them, played against the simulator over real HTTP. */

export type Change = {
  [Group in keyof WhatsAppTools['settings']]?: Partial<WhatsAppTools['settings'][Group]>
}

const groups = ['account', 'window', 'incoming', 'limits', 'webhook'] as const

/** Settings of a form that was never saved. */
const DEFAULTS = Value.Default(
  Settings,
  Object.fromEntries(groups.map(group => [group, {}]))
) as WhatsAppTools['settings']

export const settingsOf = (account: Readonly<Record<string, unknown>>, change: Change = {}) =>
  Object.fromEntries(
    groups.map(group => [group, { ...DEFAULTS[group], ...(group === 'account' ? account : {}), ...change[group] }])
  ) as unknown as WhatsAppTools['settings']

export interface Logged {
  level: 'info' | 'warn' | 'error'
  details: object
  message: string
}

interface Lent {
  settings: WhatsAppTools['settings']
  graphUrl?: string
  now?: () => Date
}

/** `logs`, `files` and `notes` are what a host would have of it, `said` is what it would recall, by contact and id. */
export function lend({ settings, graphUrl = 'https://graph.example', now = () => new Date() }: Lent) {
  const logs: Logged[] = []
  const files = new Map<string, Buffer>()
  /** Files that are not disposed of, and all. */
  const spooled = { open: 0, all: 0 }
  const notes: Record<string, Note> = {}
  const said = new Map<string, Recalled>()
  const recalls: number[] = []
  const logged = (level: Logged['level']) => (details: object, message: string) =>
    void logs.push({ level, details, message })
  const tools: WhatsAppTools = {
    settings,
    options: { graphUrl, mediaHosts: '127.0.0.1 lookaside.fbsbx.com *.fbsbx.com' },
    fetch: (input, init) => fetch(input, { ...init, redirect: 'manual' }),
    signal: AbortSignal.timeout(60_000),
    now,
    log: { info: logged('info'), warn: logged('warn'), error: logged('error') },
    translate: (_category, message, params = {}) =>
      message.replace(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole)),
    async upload(name, bytes) {
      const chunks: Uint8Array[] = []
      for await (const chunk of bytes) chunks.push(chunk)
      const uri = `https://host.example/uploaded/${files.size}-${name}`
      files.set(uri, Buffer.concat(chunks))
      return uri
    },
    async spool(bytes) {
      const chunks: Uint8Array<ArrayBuffer>[] = []
      for await (const chunk of bytes) chunks.push(new Uint8Array(chunk))
      spooled.open += 1
      spooled.all += 1
      return {
        blob: new Blob(chunks),
        async [Symbol.asyncDispose]() {
          spooled.open -= 1
        }
      }
    },
    webhookUrl: 'https://host.example/whatsapp-cloud/webhook/t0ken',
    notes,
    async recall(asked) {
      recalls.push(asked.length)
      return asked.map(({ contact, ref }) => said.get(`${contact} ${ref}`))
    }
  }
  /** Keeps what events say about the account, as the host does. */
  const keep = (events: readonly GatewayEvent[]) => {
    for (const { name, value } of events.filter((event): event is NoteEvent => event.kind === 'note'))
      if (value === null) delete notes[name]
      else notes[name] = { value, at: now() }
  }
  return { tools, logs, files, spooled, notes, keep, said, recalls }
}

/** A registration of its own at a simulator of its own. */
export async function registered(
  t: Test,
  { change = {}, state = {} }: { change?: Change; state?: Partial<State> } = {}
) {
  let time = new Date('2026-10-01T12:00:00Z').getTime()
  const now = () => new Date(time)
  const gateway = await startSimulator({ now, change: state })
  t.teardown(() => gateway.close())
  const lent = lend({ settings: settingsOf(gateway.settings.account, change), graphUrl: gateway.url, now })
  return {
    gateway,
    ...lent,
    pass: (ms: number) => {
      time += ms
    },
    send: (given: Partial<Outgoing> = {}) => channel.send(outgoing(given), lent.tools),
    /** Goes on with what an attempt left, as the host does. */
    goOn(given: Partial<Outgoing>, left: Outcome) {
      const { sent = [], progress = null } = left as Extract<Outcome, { kind: 'retry' }>
      return channel.send(outgoing({ ...given, sent, progress, attempt: 2 }), lent.tools)
    }
  }
}

const outgoing = (given: Partial<Outgoing> = {}): Outgoing => ({
  id: '7',
  attempt: 1,
  contact: '5511987654321',
  address: given.contact ?? '5511987654321',
  subject: null,
  content: { text: 'Hello', format: 'text' },
  attachments: [],
  sent: [],
  progress: null,
  conversation: { lastIncoming: null, memory: null },
  ...given
})

export const eventsIn = (outcome: Outcome): readonly GatewayEvent[] =>
  outcome.kind === 'accepted' ? (outcome.later ?? []).flatMap(({ events }) => events) : []
