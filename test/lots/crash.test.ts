import t from 'tap'
import { until } from '../harness.ts'
import { text } from '../scripted-channel.ts'
import { build, lotGateway } from './gateway.ts'

/**
 * A crash leaves what the last commit left. So each of these begins with what a
 * host that died had written at one point of a lot's life, and what the gateway
 * had heard until then; another host finds it and goes on.
 */

const HOUR = { windowMs: 3_600_000, chunk: 2 }
const LOT = { id: '1', name: 'none', key: {}, items: 3, doubtful: false }

interface Crash {
  /** What the host that died had written. */
  written: string
  /** What the gateway had. */
  items?: string[]
  /** How it ends. */
  lot: object
  messages: readonly object[]
  /** What the gateway is asked from then on. */
  calls: readonly string[]
}

const CHUNKS = (first: string, second: string, settled = false) => `
  insert into lot_chunks (lot_id, first_item, last_item, state, reason, settled) values
    (1, 1, 2, '${first}', 'why', ${settled}), (1, 3, 3, '${second}', null, false)`
const SENDING = "update lots set state = 'sending', ref = '1', opened_at = now()"
const ALL = [{ state: 'accepted' }, { state: 'accepted' }, { state: 'accepted' }]

const CRASHES: Readonly<Record<string, Crash>> = {
  'after it was sealed': {
    written: "update lots set state = 'sealed'",
    lot: { state: 'finished' },
    messages: ALL,
    calls: ['open', 'add 2', 'add 1', 'close']
  },
  'before it was opened': {
    written: `update lots set state = 'creating'; ${CHUNKS('queued', 'queued')}`,
    lot: { state: 'finished' },
    messages: ALL,
    calls: ['open', 'add 2', 'add 1', 'close']
  },
  'while it was being opened': {
    written: `update lots set state = 'creating', calling = true; ${CHUNKS('queued', 'queued')}`,
    lot: { state: 'unknown', step: 'creating', reason: 'a host was stopped while it was calling' },
    messages: [
      { state: 'failed', reason: /^the lot may have been opened, with nothing in it/ },
      { state: 'failed' },
      {}
    ],
    calls: []
  },
  'once it was open': {
    written: `${SENDING}; ${CHUNKS('queued', 'queued')}`,
    items: [],
    lot: { state: 'finished' },
    messages: ALL,
    calls: ['add 2', 'add 1', 'close']
  },
  'while a chunk was on its way': {
    written: `${SENDING}; ${CHUNKS('inflight', 'queued')}`,
    items: ['0', '1'],
    lot: { state: 'finished' },
    messages: [
      { state: 'failed', reason: /^uncertain: it may have been sent/ },
      { state: 'failed' },
      { state: 'accepted' }
    ],
    calls: ['add 1', 'close']
  },
  'when a chunk was accepted, and nobody told': {
    written: `${SENDING}; ${CHUNKS('accepted', 'queued')}`,
    items: ['0', '1'],
    lot: { state: 'finished' },
    messages: ALL,
    calls: ['add 1', 'close']
  },
  'when a chunk was accepted, and one of its messages told': {
    written: `${SENDING}; ${CHUNKS('accepted', 'queued')}; update lot_items set state = 'accepted' where id = 1;
      update messages set state = 'accepted', ref = '1/1', settled_at = now() where id = 1`,
    items: ['0', '1'],
    lot: { state: 'finished' },
    messages: ALL,
    calls: ['add 1', 'close']
  },
  'when a chunk was refused item by item, and nobody told': {
    written: `${SENDING}; ${CHUNKS('rejected', 'queued')}`,
    items: [],
    lot: { state: 'finished' },
    messages: [{ state: 'failed', reason: 'why' }, { state: 'failed' }, { state: 'accepted' }],
    calls: ['add 1', 'close']
  },
  'when all chunks were settled': {
    written: `${SENDING}; ${CHUNKS('accepted', 'accepted', false)}`,
    items: ['0', '1', '2'],
    lot: { state: 'finished' },
    messages: ALL,
    calls: ['close']
  },
  'while it was being closed': {
    written: `${SENDING}; ${CHUNKS('accepted', 'accepted')}; update lots set state = 'finishing', calling = true;
      update lot_chunks set settled = true; update lot_items set state = 'accepted';
      update messages set state = 'accepted', ref = '1/' || id, settled_at = now()`,
    items: ['0', '1', '2'],
    lot: { state: 'finished', doubtful: true },
    messages: ALL,
    calls: ['close']
  },
  'when it had failed, and nobody told': {
    written: "update lots set state = 'failed', code = 'refused', step = 'creating', reason = 'blocked'",
    lot: { state: 'failed', code: 'refused' },
    messages: [{ state: 'failed', reason: 'blocked' }, { state: 'failed' }, { state: 'failed' }],
    calls: []
  },
  'when it was cancelled, and nobody told': {
    written: "update lots set state = 'cancelled', reason = 'cancelled by an operator'",
    lot: { state: 'cancelled' },
    messages: [{ state: 'failed', reason: 'cancelled by an operator' }, { state: 'failed' }, { state: 'failed' }],
    calls: []
  }
}

for (const [when, crash] of Object.entries(CRASHES))
  t.test(`a lot whose host died ${when} is brought to its end by another host`, async t => {
    const gateway = lotGateway(HOUR)
    const { plugin, sql, ended, settled } = await build(t, gateway)
    for (const contact of ['0', '1', '2']) await plugin.send(text(contact, contact))
    await until('three to be gathered', async () => (await sql`select from lot_items`).length === 3)
    if (crash.items) gateway.lots.push({ lot: LOT, items: crash.items, closed: false })

    await sql.unsafe(`update lots set host = 'a host that died'; ${crash.written}`)
    await sql`select graphile_worker.add_job('lot', '{"lot":1}'::json)`

    t.match(await ended(), [{ ...crash.lot, host: null }])
    t.match(await settled(), crash.messages)
    t.same(gateway.calls, crash.calls)
    const [waiting] = await sql`select count(*)::int number from lot_items where state = 'waiting'`
    t.same(waiting, { number: 0 })
  })

t.test('a lot of a host that lives is left to it', async t => {
  const gateway = lotGateway(HOUR)
  const { plugin, sql } = await build(t, gateway)
  await plugin.send(text('1', 'one'))
  await until('it to be gathered', async () => (await sql`select from lot_items`).length === 1)
  await sql`insert into hosts (id, pools) values ('another', '{}')`
  await sql`update lots set state = 'sealed', host = 'another'`
  await sql`select graphile_worker.add_job('lot', '{"lot":1}'::json)`
  await until('the job to be over', async () => {
    const jobs = await sql`select from graphile_worker.jobs where task_identifier = 'lot' and run_at <= now()`
    return jobs.length === 0
  })
  t.match(await sql`select state, host from lots`, [{ state: 'sealed', host: 'another' }])
  t.same(gateway.calls, [])
})
