import type { Outgoing } from 'channel-kit/outcome'
import type { Tools } from 'channel-kit/tools'
import type { Test } from 'tap'
import { startSimulator } from '../simulator/simulator.ts'
import type { EmailTools, PhoneTools } from '../src/settings.ts'

/** Tools as the host lends them, and a simulated gateway to use them on. */

export const CPF = '529.982.247-25'

export const outgoing = (contact: string, text: string, more: Partial<Outgoing> = {}): Outgoing => ({
  contact,
  address: contact,
  subject: null,
  content: { text, format: 'text' },
  attachments: [],
  id: '7',
  attempt: 1,
  sent: [],
  progress: null,
  conversation: { lastIncoming: null, memory: null },
  ...more
})

type Changes = Readonly<Record<string, Readonly<Record<string, unknown>>>>

/** Tools with the simulator's settings, changed by group and field. */
export function lent(settings: Changes, changes: Changes = {}, now = new Date('2026-06-16T12:00:00Z')): Tools {
  const groups = new Set([...Object.keys(settings), ...Object.keys(changes), 'templates'])
  const log = { info() {}, warn() {}, error() {} }
  return {
    settings: Object.fromEntries([...groups].map(group => [group, { ...settings[group], ...changes[group] }])),
    options: {},
    fetch,
    signal: AbortSignal.timeout(10_000),
    now: () => now,
    log,
    translate: (_category, message, params = {}) =>
      message.replace(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole)),
    upload: async () => 'https://example.com/file',
    spool: async () => ({ blob: new Blob([]), async [Symbol.asyncDispose]() {} }),
    webhookUrl: '',
    notes: {},
    recall: async asked => asked.map(() => undefined)
  }
}

export async function gateway(t: Test, behaviour: Parameters<typeof startSimulator>[0] = {}) {
  const simulator = await startSimulator(behaviour)
  t.teardown(() => simulator.close())
  return {
    ...simulator,
    phone: (changes?: Changes, now?: Date) => lent(simulator.settings, changes, now) as unknown as PhoneTools,
    email: (changes?: Changes, now?: Date) => lent(simulator.emailSettings, changes, now) as unknown as EmailTools
  }
}
