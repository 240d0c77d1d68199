import t from 'tap'
import { apiHost } from './ask.ts'

const { host, ask, token, crm } = await apiHost(t)
await crm.register(host.url)
await crm.register(host.url)
const { sql } = host.database
const MARKETING = { unit: 'message', category: 'marketing', amount: 0.1, currency: 'EUR' }
const SEGMENTS = { unit: 'segment', count: 3, amount: 0.25, currency: 'EUR' }

async function settled(registration: number, day: string, more: Record<string, unknown> = {}): Promise<number> {
  const { cost = null, tag = null, state = 'accepted', inParts = false } = more
  const [row] = await sql`
    with contact as (
      insert into conversations (registration_id, contact) values (${registration}, ${Math.random()}) returning id)
    insert into messages (registration_id, conversation_id, body, state, settled_at, tag, cost, in_parts)
    select ${registration}, id, '{}', ${state as string}, ${`${day}T12:00:00Z`}, ${tag as string | null},
      ${cost === null ? null : sql.json(cost as object as never)}, ${inParts as boolean} from contact returning id`
  return Number(row?.id)
}

await settled(1, '2026-03-01', { cost: MARKETING, tag: 'spring' })
await settled(1, '2026-03-01', { cost: MARKETING, tag: 'spring' })
await settled(1, '2026-03-02', { cost: SEGMENTS })
await settled(1, '2026-03-02', { state: 'failed' })
await settled(2, '2026-03-02', { cost: MARKETING, tag: 'spring' })
const parts = await settled(2, '2026-03-03', { inParts: true })
await sql`insert into message_parts (message_id, part, ref, registration_id, cost)
  select ${parts}, n, n, 2, ${sql.json(MARKETING)} from generate_series(0, 1) n`

const TIME = 'since=2026-03-01T00:00:00Z&until=2026-03-31T00:00:00Z'
const usage = async (query: string, by?: string) =>
  (await ask(`/usage?${TIME}&${query}`, by ? { token: by } : {})).json.items

t.test('usage counts messages, units and amounts by what is asked for', async t => {
  t.match(await usage('by=day,category'), [
    { day: '2026-03-01', category: 'marketing', unit: 'message', messages: 2, failed: 0, count: 2, amount: 0.2 },
    { day: '2026-03-02', category: 'marketing', messages: 1, count: 1, amount: 0.1 },
    { day: '2026-03-02', category: null, unit: 'segment', messages: 1, count: 3, amount: 0.25, currency: 'EUR' },
    { day: '2026-03-02', category: null, unit: null, messages: 1, failed: 1, count: 0, amount: 0 },
    { day: '2026-03-03', category: null, unit: null, messages: 1 },
    { day: '2026-03-03', category: 'marketing', unit: 'message', messages: 0, count: 2, amount: 0.2 }
  ])
  t.match(await usage('by=tag,registration&registration=1'), [
    { tag: 'spring', registration: 1, messages: 2, amount: 0.2, day: null },
    { tag: null, registration: 1, unit: 'segment' },
    { tag: null, registration: 1, unit: null }
  ])
})

t.test('a token of one registration sees the usage of no other', async t => {
  const own = await token({ registrationId: 2 })
  t.same(new Set((await usage('by=registration', own)).map(({ registration }) => registration)), new Set([2]))
  t.equal((await ask(`/usage?${TIME}&registration=1`, { token: own })).status, 403)
})

t.test('a time that is turned round or too long, and a word that is none, are refused', async t => {
  for (const query of [
    'since=2026-03-02T00:00:00Z&until=2026-03-01T00:00:00Z',
    'since=2025-01-01T00:00:00Z&until=2026-03-01T00:00:00Z',
    'by=contact',
    "by=day,tag'--"
  ])
    t.match(await ask(`/usage?${query}`), { status: 400, json: { code: 400, message: String } }, query)
  t.match(await ask('/usage'), { status: 200, json: { items: [] } })
})
