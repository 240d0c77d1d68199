import type { Outcome, Outgoing } from 'channel-kit/outcome'
import { eq } from 'drizzle-orm'
import t from 'tap'
import { messages, outbox } from '../../src/database/schema.ts'
import { until } from '../harness.ts'
import { taken, text } from '../scripted.ts'
import { talkingHost } from '../talking.ts'

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
