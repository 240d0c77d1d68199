import type { Outcome, Outgoing } from 'channel-kit/outcome'
import { eq } from 'drizzle-orm'
import t from 'tap'
import { messages } from '../../src/postgres/schema/messages.ts'
import { outbox } from '../../src/postgres/schema/outbox.ts'
import { talkingHost } from '../conversation-fixture.ts'
import { until } from '../harness.ts'
import { build, lotGateway } from '../lots/lot-gateway.ts'
import { taken, text } from '../scripted-channel.ts'

/** An item that a host dies of does not take one host after the other with it. */

t.test('what was in hand when three hosts died is given up, and what was in fewer goes on', async t => {
  const handed: string[] = []
  const send = async (message: Outgoing): Promise<Outcome> => {
    handed.push(message.contact)
    return taken(message)
  }
  const { host, db, post, reach } = await talkingHost(t, send, { channel: { dedupes: true } })
  await reach(await post('before', 'so that it is known'), 'accepted')
  const { sql } = host.database
  const hold = async (contact: string, deaths: number) => {
    const [row] = await sql<{ id: string }[]>`
      with conversation as (
        insert into conversations (registration_id, contact, sending_due) values (1, ${contact}, now()) returning id
      )
      insert into messages (registration_id, conversation_id, crm_id, body, state, attempts, deaths)
      select 1, id, ${contact}, ${JSON.stringify(text(contact, 'x'))}::text::json, 'sending', 1, ${deaths} from conversation
      returning id`
    return row?.id
  }
  await until('the registration to be let go', async () => {
    const [row] = await sql<{ free: boolean }[]>`select sending_host is null free from registrations`
    return row?.free
  })
  await sql`update registrations set sending_host = 'a host that died'`
  await hold('deadly', 2)
  await hold('unlucky', 1)

  t.match(await reach('deadly', 'failed'), {
    deaths: 3,
    reason: 'uncertain: it may have been sent (given up, since 3 hosts died with it in hand)'
  })
  t.match(await reach('unlucky', 'accepted'), { deaths: 2 })
  t.notOk(handed.includes('deadly'))
  const told = await db.select().from(outbox)
  t.ok(told.some(({ dedupe }) => dedupe === 'status error deadly'))
  t.equal((await db.select().from(messages).where(eq(messages.state, 'sending'))).length, 0)
})

t.test('a lot that three hosts died of fails and may be sent once more, and one of fewer deaths goes on', async t => {
  for (const [deaths, lot, message] of [
    [2, { state: 'failed', retryable: true, reason: /3 hosts died with it in hand/ }, { state: 'failed' }],
    [1, { state: 'finished', reason: null }, { state: 'accepted' }]
  ] as const) {
    const gateway = lotGateway({ windowMs: 3_600_000 })
    const { plugin, sql, ended, messages } = await build(t, gateway)
    for (const contact of ['1', '2']) await plugin.send(text(contact, 'x'))
    await until('both to be gathered', async () => (await messages()).every(({ state }) => state === 'gathered'))
    await sql`update lots set state = 'sealed', host = 'a host that died', deaths = ${deaths}`
    await sql`select graphile_worker.add_job('lot', '{"lot":1}'::json)`
    t.match(await ended(), [lot])
    t.match(await messages(), [message, message])
    t.equal(gateway.calls.length > 0, deaths < 2)
  }
})

t.test('a message that three hosts died of while they made it ready for a lot surely did not leave', async t => {
  const gateway = lotGateway({ windowMs: 3_600_000 })
  const { plugin, sql, messages } = await build(t, gateway)
  await plugin.send(text('1', 'x'))
  await until('it to be gathered', async () => (await messages()).every(({ state }) => state === 'gathered'))
  await until('the registration to be let go', async () => {
    const [row] = await sql<{ free: boolean }[]>`select sending_host is null free from registrations`
    return row?.free
  })
  await sql`delete from lot_items`
  await sql`update messages set state = 'sending', deaths = 2`
  await sql`update conversations set sending_due = now()`
  await sql`update registrations set sending_host = 'a host that died'`
  const failed = await until('it to fail', async () => (await messages()).find(({ state }) => state === 'failed'))
  t.equal(failed.reason, 'given up, since 3 hosts died with it in hand')
})
