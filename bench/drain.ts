import { setTimeout as delay } from 'node:timers/promises'
import { round } from './measure.ts'
import { type Sql, type Stage, startHost } from './stage.ts'

/** Messages a second out of a backlog that is due, by its size. */
export interface Draining {
  waiting: number
  perSecond: number
  memory: number
}

const WARM_MS = 3_000

export async function measureDrain(stage: Stage, waiting: number, seconds: number): Promise<Draining> {
  const { crm, gateway } = stage
  const { url, sql } = await stage.database()
  const host = await startHost(stage, url)
  await gateway.ask('forget')
  await crm.ask('forget')
  await fillBacklog(sql, { messages: waiting, due: 'now' })
  await delay(WARM_MS)
  const before = await crm.ask<number>('count')
  const startedAt = performance.now()
  await delay(seconds * 1_000)
  const delivered = (await crm.ask<number>('count')) - before
  const took = (performance.now() - startedAt) / 1_000
  if (before + delivered >= waiting) throw new Error(`${waiting} messages were too few to drain for ${seconds} s`)
  await host.close()
  return { waiting, perSecond: round(delivered / took, 0), memory: round(Math.max(...host.memory), 0) }
}

/** Messages that wait, of the registrations that are there. */
export interface Backlog {
  messages: number
  /** Due tomorrow, or long ago. */
  due: 'later' | 'now'
}

/** Most contacts of a backlog; no message of the run goes to them. */
const CONVERSATIONS = 50_000

/** Adds conversations without a message, spread over the registrations. */
export async function addIdleConversations(sql: Sql, count: number): Promise<void> {
  await sql`
    insert into conversations (registration_id, contact)
    select r.id, 'known ' || n from generate_series(1, ${count}::int) n
    join lateral (select id from registrations order by id offset n % (select count(*) from registrations) limit 1) r on true`
  await sql`analyze conversations`
}

/** Adds a backlog, spread over conversations and registrations; one that is due gets a job for each registration. */
export async function fillBacklog(sql: Sql, { messages, due }: Backlog): Promise<void> {
  const at = due === 'later' ? sql`now() + interval '1 day'` : sql`now() - interval '1 hour'`
  const contacts = Math.min(messages, CONVERSATIONS)
  await sql`
    with made as (
      insert into conversations (registration_id, contact, sending_due)
      select r.id, 'waits ' || n, ${at} from generate_series(1, ${contacts}::int) n
      join lateral (select id from registrations order by id offset n % (select count(*) from registrations) limit 1) r on true
      returning id, registration_id, contact
    ), numbered as (select *, row_number() over (order by id) - 1 position from made)
    insert into messages (registration_id, conversation_id, crm_id, body, due_at)
    select c.registration_id, c.id, 'm-' || (100000000 + n),
      json_build_object('contact', c.contact, 'subject', null, 'attachments', '[]'::json,
        'content', json_build_object('text', (100000000 + n)::text, 'format', 'text')), ${at}
    from generate_series(0, ${messages - 1}::int) n join numbered c on c.position = n % ${contacts}::int`
  await sql`analyze conversations, messages`
  if (due === 'now')
    await sql`select graphile_worker.add_job('send', json_build_object('registration', id)) from registrations`
}
