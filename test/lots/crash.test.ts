import t from 'tap'
import { until } from '../harness.ts'
import { text } from '../scripted-channel.ts'
import { build, lotGateway } from './lot-gateway.ts'

/**
 * A crash leaves the last commit. So each case begins with the rows that a host
 * had written when it died, in one state of a lot, and with the items that the
 * gateway had until then; another host claims the lot and goes on.
 */

const HOUR = { windowMs: 3_600_000, chunk: 2 }
const LOT = { id: '1', name: 'none', key: {}, items: 3, doubtful: false }

interface Crash {
  /** Statements of the host that died. */
  written: string
  /** Items that the gateway had. */
  items?: string[]
  /** The lot and its messages in the end. */
  lot: object
  messages: readonly object[]
  /** Calls of the gateway from then on. */
  calls: readonly string[]
}

const chunksOf = (first: string, second: string, settled = false) => `
  insert into lot_chunks (lot_id, first_item, last_item, state, reason, settled) values
    (1, 1, 2, '${first}', 'why', ${settled}), (1, 3, 3, '${second}', null, false)`
const SENDING = "update lots set state = 'sending', ref = '1', opened_at = now()"
const ALL_ACCEPTED = [{ state: 'accepted' }, { state: 'accepted' }, { state: 'accepted' }]

const CRASHES: Readonly<Record<string, Crash>> = {
  'after it was sealed': {
    written: "update lots set state = 'sealed'",
    lot: { state: 'finished' },
    messages: ALL_ACCEPTED,
    calls: ['open', 'add 2', 'add 1', 'close']
  },
  'before it was opened': {
    written: `update lots set state = 'creating'; ${chunksOf('queued', 'queued')}`,
    lot: { state: 'finished' },
    messages: ALL_ACCEPTED,
    calls: ['open', 'add 2', 'add 1', 'close']
  },
  'while it was being opened': {
    written: `update lots set state = 'creating', calling = true; ${chunksOf('queued', 'queued')}`,
    lot: { state: 'unknown', step: 'creating', reason: 'a host was stopped while it was calling' },
    messages: [
      { state: 'failed', reason: /^the lot may have been opened, with nothing in it/ },
      { state: 'failed' },
      {}
    ],
    calls: []
  },
  'once it was open': {
    written: `${SENDING}; ${chunksOf('queued', 'queued')}`,
    items: [],
    lot: { state: 'finished' },
    messages: ALL_ACCEPTED,
    calls: ['add 2', 'add 1', 'close']
  },
  'while a chunk was on its way': {
    written: `${SENDING}; ${chunksOf('inflight', 'queued')}`,
    items: ['0', '1'],
    lot: { state: 'finished' },
    messages: [
      { state: 'failed', reason: /^uncertain: it may have been sent/ },
      { state: 'failed' },
      { state: 'accepted' }
    ],
    calls: ['add 1', 'close']
  },
  'when a chunk was accepted, and no message settled': {
    written: `${SENDING}; ${chunksOf('accepted', 'queued')}`,
    items: ['0', '1'],
    lot: { state: 'finished' },
    messages: ALL_ACCEPTED,
    calls: ['add 1', 'close']
  },
  'when a chunk was accepted, and one of its messages settled': {
    written: `${SENDING}; ${chunksOf('accepted', 'queued')}; update lot_items set state = 'accepted' where id = 1;
      update messages set state = 'accepted', ref = '1/1', settled_at = now() where id = 1`,
    items: ['0', '1'],
    lot: { state: 'finished' },
    messages: ALL_ACCEPTED,
    calls: ['add 1', 'close']
  },
  'when a chunk was rejected, and no message settled': {
    written: `${SENDING}; ${chunksOf('rejected', 'queued')}`,
    items: [],
    lot: { state: 'finished' },
    messages: [{ state: 'failed', reason: 'why' }, { state: 'failed' }, { state: 'accepted' }],
    calls: ['add 1', 'close']
  },
  'when all chunks were settled': {
    written: `${SENDING}; ${chunksOf('accepted', 'accepted', false)}`,
    items: ['0', '1', '2'],
    lot: { state: 'finished' },
    messages: ALL_ACCEPTED,
    calls: ['close']
  },
  'while it was being closed': {
    written: `${SENDING}; ${chunksOf('accepted', 'accepted')}; update lots set state = 'finishing', calling = true;
      update lot_chunks set settled = true; update lot_items set state = 'accepted';
      update messages set state = 'accepted', ref = '1/' || id, settled_at = now()`,
    items: ['0', '1', '2'],
    lot: { state: 'finished', doubtful: true },
    messages: ALL_ACCEPTED,
    calls: ['close']
  },
  'when it had failed, and no message was settled': {
    written: "update lots set state = 'failed', code = 'refused', step = 'creating', reason = 'blocked'",
    lot: { state: 'failed', code: 'refused' },
    messages: [{ state: 'failed', reason: 'blocked' }, { state: 'failed' }, { state: 'failed' }],
    calls: []
  },
  'when it was cancelled, and no message settled': {
    written: "update lots set state = 'cancelled', reason = 'cancelled by an operator'",
    lot: { state: 'cancelled' },
    messages: [{ state: 'failed', reason: 'cancelled by an operator' }, { state: 'failed' }, { state: 'failed' }],
    calls: []
  }
}

for (const [when, crash] of Object.entries(CRASHES))
  t.test(`lot: another host ends it after its host died ${when}`, async t => {
    const gateway = lotGateway(HOUR)
    const { plugin, sql, ended, settled } = await build(t, gateway)
    for (const contact of ['0', '1', '2']) await plugin.send(text(contact, contact))
    await until('three to be collected', async () => (await sql`select from lot_items`).length === 3)
    if (crash.items) gateway.lots.push({ lot: LOT, items: crash.items, closed: false })

    await sql.unsafe(`update lots set host = 'a host that died'; ${crash.written}`)
    await sql`select graphile_worker.add_job('lot', '{"lot":1}'::json)`

    t.match(await ended(), [{ ...crash.lot, host: null }])
    t.match(await settled(), crash.messages)
    t.same(gateway.calls, crash.calls)
    const [waiting] = await sql`select count(*)::int number from lot_items where state = 'waiting'`
    t.same(waiting, { number: 0 })
  })

t.test('claim: a lot of a living host is left to it', async t => {
  const gateway = lotGateway(HOUR)
  const { plugin, sql } = await build(t, gateway)
  await plugin.send(text('1', 'one'))
  await until('it to be collected', async () => (await sql`select from lot_items`).length === 1)
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
