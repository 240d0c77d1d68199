import t from 'tap'
import { storeEvents } from '../../src/messages/events.ts'
import { openDatabase, testDatabase } from '../harness.ts'

/** What is stored together has statuses of several registrations, in whichever order they came. */

const ROUNDS = 40
const REGISTRATIONS = [1, 2, 3, 4]

t.test('statuses that come before their messages, of several registrations, never wait in a circle', async t => {
  const { db, pool, sql, close } = openDatabase(await testDatabase(t), 2)
  t.teardown(close)
  for (const id of REGISTRATIONS)
    await pool.query(`
      insert into registrations (channel, company_id, alias, plugin_id, cluster_uri, country, currency, hpt, webhook_token, webhook_hash)
      values ('scripted', '${id}', 'chat', '1', 'http://crm.example/', 'BR', 'BRL', '', '', '${id}')`)

  const store = (ids: readonly number[], ref: string) =>
    db.transaction(tx =>
      storeEvents(
        tx,
        ids.map(registrationId => ({ registrationId, event: { kind: 'status', ref, status: 'delivered' } })),
        new Date()
      )
    )
  const stored = await Promise.allSettled(
    Array.from({ length: ROUNDS }, (_, round) =>
      store(round % 2 ? REGISTRATIONS : REGISTRATIONS.toReversed(), `unknown ${round}`)
    )
  )

  t.same(
    stored.flatMap(one => (one.status === 'rejected' ? [String(one.reason.cause ?? one.reason)] : [])),
    []
  )
  const [kept] = await sql`select count(*)::int count from early_statuses`
  t.equal(kept?.count, ROUNDS * REGISTRATIONS.length)
})
