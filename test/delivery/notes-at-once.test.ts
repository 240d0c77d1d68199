import t from 'tap'
import { createAcceptItems } from '../../src/messages/accept-items.ts'
import { tellAtOnce } from '../../src/outbox/notes.ts'
import { messages } from '../../src/postgres/schema/messages.ts'
import { lockConversations } from '../../src/queue/locks.ts'
import { openDatabase, testDatabase } from '../harness.ts'
import { newItem } from '../new-item.ts'

t.test('the CRM hears at once of all messages of a turn, however many', async t => {
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
  const ids = Array.from({ length: 600 }, (_, index) => `contact ${index}`)
  const accepted = await accept(
    1,
    'client',
    ids.map(id => newItem({ id, tellCrm: 'always' }))
  )
  await db.update(messages).set({ state: 'accepted', settledAt: new Date() })
  await db.transaction(async tx => {
    const locked = await lockConversations(
      tx,
      (await sql`select id from conversations`).map(({ id }) => Number(id))
    )
    await tellAtOnce(
      tx,
      locked,
      accepted.flatMap(({ message }) => message ?? [])
    )
  })
  const [row] = await sql`select count(*)::int count from outbox where kind = 'incoming'`
  t.equal(row?.count, ids.length)
})
