import { eq } from 'drizzle-orm'
import t, { type Test } from 'tap'
import { sendTurn } from '../../src/delivery/settle.ts'
import { storeEvents } from '../../src/inbound/store-events.ts'
import { createAcceptItems } from '../../src/messages/accept-items.ts'
import { conversations } from '../../src/postgres/schema/conversations.ts'
import { events } from '../../src/postgres/schema/events.ts'
import { messages } from '../../src/postgres/schema/messages.ts'
import { refreshLine, refreshSending } from '../../src/queue/due-times.ts'
import { lockConversations } from '../../src/queue/locks.ts'
import { openDatabase, testDatabase } from '../harness.ts'
import { newItem } from '../new-item.ts'
import { text } from '../scripted-channel.ts'

/** Messages of which something is heard or changed while they wait or are sent: their place in line, and what is told. */

const NOW = new Date()
const later = (minutes: number) => new Date(NOW.getTime() + minutes * 60_000)

async function open(t: Test) {
  const database = openDatabase(await testDatabase(t), 4)
  t.teardown(() => database.close())
  const { sql, db } = database
  await sql`
    insert into registrations (channel, company_id, alias, plugin_id, cluster_uri, country, currency, hpt, webhook_token, webhook_hash, sending_host)
    values ('scripted', '1', 'chat', '1', 'http://crm.example/', 'BR', 'BRL', '', '', '', 'host')`
  const accept = createAcceptItems(
    database,
    () => NOW,
    () => {}
  )
  const report = (id: number, status: 'sent' | 'error') =>
    db.transaction(tx =>
      storeEvents(
        tx,
        [
          {
            registrationId: 1,
            event: { kind: 'status', ref: `part of ${id}`, status, message: { id: String(id), part: 0 } }
          }
        ],
        NOW
      )
    )
  return {
    ...database,
    report,
    post: async (id: string, bulk: boolean) => {
      const [accepted] = await accept(1, 'client', [newItem({ id, bulk, body: text('x', id) })])
      return accepted?.message as number
    },
    conversation: async () => (await db.select().from(conversations))[0]
  }
}

t.test('a waiting message of which a part is heard of is the next one, at its time', async t => {
  const { db, post, report, conversation } = await open(t)
  const bulk = await post('bulk', true)
  const normal = await post('normal', false)
  await db
    .update(messages)
    .set({ attempts: 1, dueAt: later(60) })
    .where(eq(messages.id, bulk))
  await db
    .update(messages)
    .set({ attempts: 1, dueAt: later(120) })
    .where(eq(messages.id, normal))
  await db.transaction(tx => refreshSending(tx, [1]))
  t.same((await conversation())?.sendingDue, later(120))
  await report(bulk, 'sent')
  t.same((await conversation())?.sendingDue, later(60))
})

t.test(
  'a normal message that is added takes its conversation into its lane, whatever its transaction did before',
  async t => {
    const { db, post, conversation } = await open(t)
    const bulk = await post('bulk', true)
    const normal = await post('normal', false)
    await db.update(messages).set({ state: 'gathered' })
    await db.transaction(tx => refreshSending(tx, [1]))
    await db.transaction(async tx => {
      await lockConversations(tx, [1])
      await tx.update(messages).set({ state: 'waiting' }).where(eq(messages.id, bulk))
      await refreshSending(tx, [1])
      await tx.update(messages).set({ state: 'waiting' }).where(eq(messages.id, normal))
      await refreshLine(tx, [{ registrationId: 1, conversationId: 1 }])
    })
    t.match(await conversation(), { sendingBulk: false, sendingDue: NOW })
  }
)

t.test('an error that a status told while the message was sent is told by the feed once', async t => {
  const { db, post, report, ...database } = await open(t)
  const id = await post('fails', false)
  const turn = { database: { db, ...database }, host: 'host', inHand: [], now: NOW }
  const wants = [{ registrationId: 1, free: 1, bulk: 0, least: 0 }]
  const [claimed] = await sendTurn([], { ...turn, wants })
  if (!claimed) throw new Error('nothing was claimed')
  await report(id, 'error')
  const storyEntry = {
    kind: 'attempt' as const,
    at: NOW.toISOString(),
    number: 1,
    outcome: 'rejected' as const,
    durationMs: 1
  }
  await sendTurn([{ claimed, decision: { kind: 'failed', reason: 'no' }, storyEntry }], { ...turn, wants: [] })
  t.match(await db.select().from(messages), [{ state: 'failed', status: 'error' }])
  const told = (await db.select().from(events)).map(({ body }) => body.status)
  t.same(told, ['error'])
})
