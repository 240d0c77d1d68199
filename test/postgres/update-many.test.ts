import t from 'tap'
import { openDatabase } from '../../src/postgres/connect.ts'
import { conversations } from '../../src/postgres/schema/conversations.ts'
import { updateMany } from '../../src/postgres/update-many.ts'
import { testDatabase } from '../harness.ts'

const database = openDatabase(await testDatabase(t), 1)
t.teardown(() => database.close())
const { db, pool } = database

t.test('columns of many rows are set by their ids, of whichever type, and other rows stay', async t => {
  await pool.query(`
    insert into registrations (channel, company_id, alias, plugin_id, cluster_uri, country, currency, hpt, webhook_token, webhook_hash)
    values ('scripted', '1', 'chat', '1', 'http://crm.example/', 'BR', 'BRL', '', '', '')`)
  const rows = ['a', 'b', 'c'].map(contact => ({ registrationId: 1, contact, address: 'before' }))
  const [a, b, c] = (await db.insert(conversations).values(rows).returning({ id: conversations.id })).map(
    ({ id }) => id
  )
  const at = new Date('2026-03-01T12:00:00.123Z')
  const memory = { value: { text: 'a\0b "quoted" $1', list: [1, null] } }
  await updateMany(
    db,
    conversations,
    ['address', 'lastIncomingAt', 'memory'],
    [
      { id: a ?? 0, address: `it's ${'`'}a${'`'}`, lastIncomingAt: at, memory },
      { id: b ?? 0, address: null, lastIncomingAt: null, memory: { value: 'plain' } },
      { id: 999_999, address: 'nobody', lastIncomingAt: at, memory }
    ]
  )
  await updateMany(db, conversations, ['address'], [])
  t.match(await db.select().from(conversations).orderBy(conversations.id), [
    { id: a, address: "it's `a`", lastIncomingAt: at, memory },
    { id: b, address: null, lastIncomingAt: null, memory: { value: 'plain' } },
    { id: c, address: 'before', lastIncomingAt: null, memory: null }
  ])
})
