import t from 'tap'
import type { AttemptResult, ClaimedMessage } from '../../src/delivery/attempt.ts'
import { sendTurn } from '../../src/delivery/settle.ts'
import { createAccept } from '../../src/messages/accept.ts'
import { outboxSource } from '../../src/outbox/source.ts'
import { openDatabase, testDatabase } from '../harness.ts'
import { text } from '../scripted-channel.ts'

/** A plan is kept for as long as a session, and made while the tables are small. */

const SETTLED = 3_000
const WANTS = [{ registrationId: 1, free: 10, bulk: 0, least: 0 }]
const now = () => new Date()

t.test('turn: it reads only the messages and outbox items that it settles, however many others there are', async t => {
  // A single connection, so that all statements are of one session.
  const database = openDatabase(await testDatabase(t), 1)
  t.teardown(database.close)
  const { pool } = database
  await pool.query(`
    insert into registrations (channel, company_id, alias, plugin_id, cluster_uri, country, currency, hpt, webhook_token,
      webhook_hash, sending_host, telling_host)
    values ('scripted', '1', 'chat', '1', 'http://crm.example/', 'BR', 'BRL', '', '', '', 'host', 'host')`)
  const accept = createAccept(database, now, () => {})
  const line = outboxSource({
    database,
    host: 'host',
    tell: async taken => ({ claimed: taken, decision: { kind: 'delivered', reason: null } }),
    now
  })
  const send = (done: readonly AttemptResult[], wants = WANTS) =>
    sendTurn(done, { database, host: 'host', wants, inHand: [], now: now() })

  async function carry(crmId: string): Promise<void> {
    await accept(1, { ...text('one', crmId), chatId: null, crmId })
    await send((await send([])).map(sent), [])
    const items = await line.settleAndClaim([], WANTS, [])
    await line.settleAndClaim(await Promise.all(items.map(line.process)), [], [])
  }
  const read = async () => {
    await pool.query('select pg_stat_force_next_flush()')
    const { rows } = await pool.query<{ read: number }>(`
      select sum(idx_tup_read)::int read from pg_stat_user_indexes where relname in ('messages', 'outbox')`)
    return rows[0]?.read ?? 0
  }

  await carry('first')
  await pool.query(`
    insert into messages (registration_id, conversation_id, crm_id, body, state, settled_at)
    select 1, 1, 'old ' || number, '{}', 'accepted', now() from generate_series(1, ${SETTLED}) number`)
  await pool.query(`
    insert into outbox (registration_id, conversation_id, kind, body, dedupe, state, settled_at)
    select 1, 1, 'status', '{}', 'old ' || number, 'delivered', now() from generate_series(1, ${SETTLED}) number`)
  const before = await read()
  await carry('second')
  t.ok((await read()) - before < 100, `read ${(await read()) - before} entries of indexes`)
  const { rows } = await pool.query(`select state from outbox where dedupe = 'status sent second'`)
  t.same(rows, [{ state: 'delivered' }])
})

const sent = (taken: ClaimedMessage): AttemptResult => {
  const ref = `ref-${taken.message.id}`
  return {
    claimed: taken,
    decision: {
      kind: 'accepted',
      outcome: { kind: 'accepted', ref, later: [{ afterMs: 0, events: [{ kind: 'status', ref, status: 'sent' }] }] }
    },
    storyEntry: { kind: 'attempt', at: now().toISOString(), number: 1, outcome: 'accepted', ref, durationMs: 1 }
  }
}
