import type { GatewayEvent, StatusEvent } from 'channel-kit/event'
import { sql } from 'drizzle-orm'
import type { Executor } from '../database/connect.ts'
import { wake } from '../database/conversations.ts'
import { bigints } from '../database/ids.ts'
import { messageParts } from '../database/kept.ts'
import { messages } from '../database/schema.ts'
import type { Known, Reported } from './known.ts'
import { refreshSending } from './queue.ts'
import { advances } from './rank.ts'
import { KEPT } from './replay.ts'

/**
 * What gateways gave back undelivered, to go another way. A part goes so once:
 * that it was dropped before says that it has been sent again. Its old id is
 * kept, since gateways repeat themselves.
 */

/** Parts that were dropped before, as `partKey` names them. */
export type Tried = ReadonlySet<string>

export async function triedOf(
  tx: Executor,
  all: readonly Reported[],
  known: ReadonlyMap<GatewayEvent, Known | null>
): Promise<Tried> {
  const ids = all.flatMap(({ event }) =>
    event.kind === 'status' && event.status === 'returned' ? (known.get(event)?.id ?? []) : []
  )
  if (ids.length === 0) return new Set()
  const { rows } = await tx.execute<{ id: string; part: number }>(sql`
    select message_id id, part from ${messageParts} where message_id = any(${bigints(ids)}) and dropped`)
  return new Set(rows.map(({ id, part }) => partKey(Number(id), part)))
}

const partKey = (id: number, part: number) => `${id} ${part}`

/**
 * What becomes of a part that was given back, noted on its message.
 *
 * - `again`: it is handed to the channel once more; `sendAgain` writes it down.
 * - `later`: its message is being sent, so it is looked at when that has ended.
 * - `over`: it ends here.
 */
export function takeBack(
  message: Known,
  { ref, reason }: StatusEvent,
  tried: Tried,
  now: Date
): 'again' | 'later' | 'over' {
  const whole = message.inParts ? [] : [{ part: 0, ref: message.ref, status: message.status }]
  const part = [...message.parts, ...whole].find(one => one.ref === ref)
  const isOver = message.state === 'failed' || message.status === 'error' || message.doubt !== null
  if (!part || isOver || !advances(part.status, 'error') || tried.has(partKey(message.id, part.part))) return 'over'
  if (message.state !== 'accepted' && message.state !== 'waiting') return 'later'

  message.returned.push({ part: part.part, ref })
  message.reason = reason ?? message.reason
  message.chapters.push({ kind: 'returned', at: now.toISOString(), ref, ...(reason === undefined ? {} : { reason }) })
  return 'again'
}

/** Call it after what else was heard of the messages is written, and with their conversations locked. */
export async function sendAgain(tx: Executor, all: readonly Known[], now: Date): Promise<void> {
  const returned = all.filter(message => message.returned.length > 0)
  if (returned.length === 0) return
  const parts = returned.flatMap(({ id, registrationId, returned }) =>
    returned.map(one => ({ ...one, id, registrationId }))
  )
  await tx.execute(sql`
    insert into ${messageParts} (message_id, part, ref, registration_id, dropped)
    select id, part, ref, "registrationId", true
    from json_to_recordset(${JSON.stringify(parts)}::json) as given(id bigint, part int, ref text, "registrationId" bigint)
    on conflict (message_id, part, ref) do update set dropped = true`)
  await tx
    .update(messages)
    .set({
      state: 'waiting',
      ...KEPT,
      later: null,
      dueAt: sql`case when ${messages.state} = 'accepted' then ${now.toISOString()}::timestamptz else ${messages.dueAt} end`,
      settledAt: null
    })
    .where(sql`${messages.id} = any(${bigints(returned.map(({ id }) => id))})`)
  await refreshSending(
    tx,
    returned.map(({ conversationId }) => conversationId)
  )
  await wake(
    tx,
    'send',
    returned.map(({ registrationId }) => registrationId)
  )
}
