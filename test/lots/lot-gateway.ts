import type { Channel } from 'channel-kit/channel'
import type { Lot, LotLimits, Lots, Prepared } from 'channel-kit/lots'
import type { Test } from 'tap'
import { testCrm, testHost, until } from '../harness.ts'
import { scripted, taken } from '../scripted-channel.ts'

/** A scripted gateway with lots, and a host whose only channel calls it. */

interface GatewayLot {
  lot: Lot
  items: string[]
  closed: boolean
}

type Verbs = Lots<unknown, unknown>

export const LIMITS: LotLimits = { items: 1_000, chunk: 100, windowMs: 300, single: false, repeats: false }

/** The text of a message is its item, the subject the name and the key of its lot. */
export function lotGateway(limits: Partial<LotLimits> = {}, script: Partial<Verbs> = {}, alone = taken) {
  const lots: GatewayLot[] = []
  const calls: string[] = []
  const found = (ref: string) => lots[Number(ref) - 1] as GatewayLot
  const well: Verbs = {
    limits: () => ({ ...LIMITS, ...limits }),
    async prepare({ subject, content, contact }): Promise<Prepared> {
      const text = content?.text ?? ''
      if (text === 'alone') return { kind: 'alone' }
      if (text === 'bad') return { kind: 'rejected', reason: 'it says bad' }
      return { kind: 'item', name: subject ?? 'none', key: { subject }, item: text, dedupe: `${contact} ${text}` }
    },
    async open(lot) {
      return { kind: 'opened', ref: String(lots.push({ lot, items: [], closed: false })) }
    },
    async add({ ref }, items) {
      found(ref).items.push(...(items as string[]))
      return { kind: 'added' }
    },
    async close({ ref }) {
      found(ref).closed = true
      return { kind: 'closed' }
    }
  }
  // A test may replace a verb after it has the gateway, and call the working one in `well`.
  const verbs = { ...well, ...script }
  const counted: Verbs = {
    ...verbs,
    open: (lot, tools) => recorded(calls, 'open', verbs.open(lot, tools)),
    add: (lot, items, tools) => recorded(calls, `add ${items.length}`, verbs.add(lot, items, tools)),
    close: (lot, tools) => recorded(calls, 'close', verbs.close(lot, tools))
  }
  const channel = scripted(alone, { lots: counted as NonNullable<Channel['lots']> })
  return { ...channel, lots, calls, well, script: verbs }
}

function recorded<Answer>(calls: string[], call: string, answer: Promise<Answer>): Promise<Answer> {
  calls.push(call)
  return answer
}

const FAST = {
  LV_PLUGIN_CHAT_SEND_ATTEMPTS: '3',
  LV_PLUGIN_CHAT_SEND_INTERVAL: '50ms',
  LV_PLUGIN_CHAT_SEND_TIMEOUT: '2s'
}

export async function build(
  t: Test,
  gateway: Pick<ReturnType<typeof lotGateway>, 'channel'>,
  env: NodeJS.ProcessEnv = {}
) {
  const crm = await testCrm(t)
  const host = await testHost(t, { channels: [{ channel: gateway.channel, path: '/' }], env: { ...FAST, ...env } })
  const plugin = await crm.register(host.url)
  const { sql } = host.database
  const ended = (number = 1) =>
    until(`${number} lots to end`, async () => {
      const rows = await sql`select * from lots where ended_at is not null order by id`
      return rows.length >= number && rows
    })
  const messages = () => sql`select id, state, status, reason, ref, attempts from messages order by id`
  /** Waits until every message is settled. */
  const settled = () =>
    until('all messages to be settled', async () => {
      const rows = await messages()
      return rows.every(({ state }) => state === 'accepted' || state === 'failed') && rows
    })
  return { crm, host, plugin, sql, ended, messages, settled }
}
