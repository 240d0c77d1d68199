import t from 'tap'
import { storeEvents } from '../../src/inbound/store-events.ts'
import { createAccept } from '../../src/messages/accept.ts'
import { eraseContact } from '../../src/messages/erase.ts'
import { removeFinished } from '../../src/messages/retention.ts'
import { messages } from '../../src/postgres/schema/messages.ts'
import { outbox } from '../../src/postgres/schema/outbox.ts'
import { registrations } from '../../src/postgres/schema/registrations.ts'
import { wrote } from '../conversation-fixture.ts'
import { openDatabase, TEST_SECRETS, testDatabase } from '../harness.ts'
import { text } from '../scripted-channel.ts'

/** Messages and items have no foreign keys: whoever adds one has locked its conversation. */

const ROUNDS = 60
const CONTACTS = ['a', 'b', 'c']

t.test('no message and no item is without its conversation, however adding and removing meet', async t => {
  const database = openDatabase(await testDatabase(t), 8)
  t.teardown(database.close)
  const { db, pool, sql } = database
  await pool.query(`
    insert into registrations (channel, company_id, alias, plugin_id, cluster_uri, country, currency, hpt, webhook_token, webhook_hash)
    values ('scripted', '1', 'chat', '1', 'http://crm.example/', 'BR', 'BRL', '', '', '')`)
  const accept = createAccept(
    database,
    () => new Date(),
    () => {}
  )
  const orphans = async () => {
    const [row] = await sql<{ count: number }[]>`
      select count(*)::int count from (select conversation_id id from messages union all select conversation_id from outbox) i
      where not exists (select from conversations c where c.id = i.id)`
    return row?.count
  }

  let added = 0
  for (let round = 0; round < ROUNDS; round++) {
    const contact = CONTACTS[round % CONTACTS.length] as string
    const incoming = [{ registrationId: 1, event: wrote(`i${round}`, contact) }]
    const steps = [
      () => accept(1, { ...text(contact, 'hello'), chatId: null, crmId: `m${round}` }),
      () => eraseContact(database, contact, { onlyCount: false, secrets: TEST_SECRETS }),
      () => db.transaction(tx => storeEvents(tx, incoming, new Date())),
      () => accept(1, { ...text(contact, 'again'), chatId: null, crmId: `n${round}` }),
      () => removeFinished(database, new Date(), { interrupted: new AbortController().signal })
    ]
    await Promise.all(steps.slice(round % 2).map(step => step()))
    added += (await db.$count(messages)) + (await db.$count(outbox))
    t.equal(await orphans(), 0, `round ${round}`)
  }
  t.ok(added > ROUNDS, 'most rounds leave something')

  await db.delete(registrations)
  t.same([await db.$count(messages), await db.$count(outbox)], [0, 0], 'they go with their registration')
})
