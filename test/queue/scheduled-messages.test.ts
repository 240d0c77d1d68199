import t, { type Test } from 'tap'
import { createAcceptItems } from '../../src/messages/accept-items.ts'
import { bringIntoLine } from '../../src/messages/scheduled-messages.ts'
import { refreshSending } from '../../src/queue/due-times.ts'
import { openDatabase, testDatabase } from '../harness.ts'
import { newItem } from '../new-item.ts'
import { text } from '../scripted-channel.ts'

/** Conversations with messages that are scheduled for later, beside others: when they are due, and in which lane. */

const HOUR = 3_600_000

async function contact(t: Test) {
  const database = openDatabase(await testDatabase(t), 4)
  t.teardown(() => database.close())
  const { sql, db } = database
  await sql`
    insert into registrations (channel, company_id, alias, plugin_id, cluster_uri, country, currency, hpt, webhook_token, webhook_hash)
    values ('scripted', '1', 'chat', '1', 'http://crm.example/', 'BR', 'BRL', '', '', '')`
  const accept = createAcceptItems(
    database,
    () => new Date(),
    () => {}
  )
  return {
    db,
    sql,
    post: (id: string, bulk: boolean, inMs = 0) =>
      accept(1, 'client', [
        newItem({ id, bulk, notBefore: inMs > 0 ? new Date(Date.now() + inMs) : null, body: text('x', id) })
      ]),
    refresh: () => db.transaction(tx => refreshSending(tx, [1])),
    /** In minutes from now. */
    state: async () => {
      const [row] = await sql`
        select sending_bulk bulk, round(extract(epoch from sending_due - now()) / 60)::int due from conversations`
      return row && { ...row }
    }
  }
}

t.test('a normal message of later does not put the bulk ones of its contact into the normal lane', async t => {
  const { post, state } = await contact(t)
  await post('reminder', false, 24 * HOUR)
  t.same(await state(), { bulk: false, due: 24 * 60 })
  await post('campaign', true)
  t.same(await state(), { bulk: true, due: 0 })
})

t.test('a scheduled message is not late by the wait of one that was posted after it', async t => {
  const { post, state, sql, refresh } = await contact(t)
  await post('reminder', false, HOUR)
  await post('put off', false)
  await sql`update messages set attempts = 1, due_at = now() + interval '1 week' where client_id = 'put off'`
  await refresh()
  t.same(await state(), { bulk: false, due: 60 })
})

t.test(
  'a normal message whose time has come takes its contact into the normal lane, though bulk ones wait there',
  async t => {
    const { db, post, state, sql } = await contact(t)
    await post('campaign', true)
    await post('reminder', false, HOUR)
    t.equal(await bringIntoLine(db), 0)
    t.same(await state(), { bulk: true, due: 0 })
    await sql`update messages set not_before = now() - interval '1 second', due_at = now() where client_id = 'reminder'`
    t.equal(await bringIntoLine(db), 1)
    t.same(await state(), { bulk: false, due: 0 })
    t.equal(await bringIntoLine(db), 0, 'once')
  }
)
