import type { Status } from 'channel-kit/chat'
import { sql } from 'drizzle-orm'
import { writeParts } from '../messages/parts.ts'
import type { NewOutboxItem } from '../outbox/enqueue.ts'
import type { Executor } from '../postgres/connect.ts'
import { messages } from '../postgres/schema/messages.ts'
import { refreshLine } from '../queue/due-times.ts'
import type { MatchedMessage } from './match-messages.ts'

/** The outbox item of a message's new status; none for a message that the CRM did not send. */
export const statusItems = (
  { conversationId, crmId, replays }: Pick<MatchedMessage, 'conversationId' | 'crmId' | 'replays'>,
  status: Status
): NewOutboxItem[] => (crmId === null ? [] : [{ kind: 'status', conversationId, crmId, status, replays }])

/**
 * Saves applied statuses; a code and a price that are known stay. A message that waited in doubt, and is no longer in doubt,
 * becomes due; one of which a part was heard of is before all others, and does not expire.
 */
export async function saveStatuses(tx: Executor, changed: readonly MatchedMessage[], now: Date): Promise<void> {
  if (changed.length === 0) return
  const rows = JSON.stringify(
    changed.map(({ id, status, reason, code, cost, decided, inParts, chapters }) => ({
      id,
      status,
      reason,
      code,
      cost,
      doubt: decided,
      inParts,
      story: chapters
    }))
  )
  await tx.execute(sql`
    update ${messages} m
    set status = given.status, reason = given.reason, code = coalesce(given.code, m.code),
      cost = coalesce(given.cost, m.cost), story = m.story || coalesce((
        select jsonb_agg(chapter order by number) from jsonb_array_elements(given.story) with ordinality as of(chapter, number)
        where chapter ->> 'kind' <> 'noted'
          or not exists (select from jsonb_array_elements(m.story) told where told - 'at' = chapter - 'at')
      ), '[]'),
      doubt = coalesce(given.doubt, m.doubt), in_parts = given."inParts",
      due_at = case when given.doubt = 'heard' then least(m.due_at, ${now.toISOString()}::timestamptz) else m.due_at end
    from json_to_recordset(${rows}::json) as given(
      id bigint, status text, reason text, code text, cost json, doubt text, "inParts" boolean, story jsonb)
    where m.id = given.id`)
  await writeParts(
    tx,
    changed.flatMap(({ id: messageId, registrationId, parts }) =>
      parts.map(part => ({ ...part, messageId, registrationId }))
    ),
    { statuses: true }
  )
  await refreshLine(
    tx,
    changed.filter(({ state }) => state === 'waiting')
  )
}
