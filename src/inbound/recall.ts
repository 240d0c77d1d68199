import type { ChatMessage } from 'channel-kit/chat'
import type { Asked, Recalled } from 'channel-kit/tools'
import { sql } from 'drizzle-orm'
import type { Database } from '../postgres/connect.ts'
import { sanitize } from '../postgres/sanitize-text.ts'
import { aliases, conversations } from '../postgres/schema/conversations.ts'
import { messageParts, messages } from '../postgres/schema/messages.ts'
import { type Fetching, outbox } from '../postgres/schema/outbox.ts'
import { waysOf } from '../protocol/contact.ts'

/** Recalls earlier messages in conversations of a registration, by their refs. */
export type RecallOf = (registrationId: number, asked: readonly Asked[]) => Promise<(Recalled | undefined)[]>

type Said = Pick<ChatMessage, 'content' | 'attachments'>

interface Row extends Record<string, unknown> {
  n: number
  sent: Said | null
  told: { message: Said } | null
  media: Fetching | null
  part: number | null
  of: number
}

/**
 * Reads all asked messages by one statement. A message is found only under a name of its own conversation: the ref that
 * a customer names may be any text, and must not bring another customer's words into the chat.
 */
export const createRecall =
  ({ db }: Pick<Database, 'db'>): RecallOf =>
  async (registrationId, asked) => {
    if (asked.length === 0) return []
    const given = asked.map(({ contact, ref }, n) => ({ n, names: waysOf(sanitize(contact)), ref: sanitize(ref) }))
    const { rows } = await db.execute<Row>(sql`
      select given.n, said.sent, said.told, said.media, said.part, (
        select count(distinct p.part)::int from ${messageParts} p where p.message_id = said.message and not p.dropped
      ) of
      from json_to_recordset(${JSON.stringify(given)}::json) as given(n int, names text[], ref text)
      cross join lateral (
        select conversation_id, body sent, null::json told, null::json media, null::int part, id message from ${messages}
        where registration_id = ${registrationId} and ref = given.ref
        union all
        select m.conversation_id, m.body, null, null, p.part, m.id from ${messageParts} p join ${messages} m on m.id = p.message_id
        where p.registration_id = ${registrationId} and p.ref = given.ref
        union all
        select conversation_id, null, body, media, null, null from ${outbox}
        where registration_id = ${registrationId} and dedupe = 'incoming ' || given.ref
        union all
        select o.conversation_id, null, o.body, o.media, null, null from ${conversations} of
        join ${outbox} o on o.registration_id = ${registrationId} and o.dedupe = 'incoming ' || given.ref || ' in ' || of.id
        where of.registration_id = ${registrationId} and (of.contact = any(given.names) or of.address = any(given.names) or of.id in
          (select a.conversation_id from ${aliases} a where a.registration_id = ${registrationId} and a.contact = any(given.names)))
      ) said
      join ${conversations} c on c.id = said.conversation_id and (
        c.contact = any(given.names) or c.address = any(given.names)
        or exists (select from ${aliases} a
          where a.registration_id = ${registrationId} and a.contact = any(given.names) and a.conversation_id = c.id))
      order by said.part nulls first`)
    const found = new Map(rows.map(row => [row.n, recalledOf(row)]))
    return asked.map((_, n) => found.get(n))
  }

function recalledOf({ sent, told, media, part, of }: Row): Recalled | undefined {
  const said = sent ?? told?.message
  return (
    said && {
      from: sent ? 'us' : 'contact',
      content: said.content,
      ...(part !== null && of > 1 ? { part: { number: part, of } } : {}),
      attachments: [...(media?.late || !media ? said.attachments : []), ...(media?.attachments ?? [])].map(
        ({ name, type }) => ({ name, type })
      )
    }
  )
}
