import type { Sql } from './stage.ts'

/** A database with a past. All of it belongs to the accounts that are there. */

export interface Backlog {
  messages: number
  /** Due tomorrow, or long ago. */
  due: 'later' | 'now'
}

/** Contacts that no message of the run has. */
const CONVERSATIONS = 50_000

/** Conversations that once had something to do. */
export async function knowConversations(sql: Sql, count: number): Promise<void> {
  await sql`
    insert into conversations (registration_id, contact)
    select r.id, 'known ' || n from generate_series(1, ${count}::int) n
    join lateral (select id from registrations order by id offset n % (select count(*) from registrations) limit 1) r on true`
  await sql`analyze conversations`
}

/** Messages that wait, spread over conversations, those that are due in an account that nobody else uses. */
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
