import type { StatusEvent } from 'channel-kit/event'
import { sql } from 'drizzle-orm'
import type { MatchedMessage } from '../inbound/match-messages.ts'
import { isProgress } from '../inbound/status-order.ts'
import { KEPT } from '../messages/replay.ts'
import type { Executor } from '../postgres/connect.ts'
import { messageParts, messages } from '../postgres/schema/messages.ts'
import { refreshSending } from '../queue/due-times.ts'
import { wake } from '../queue/locks.ts'
import { LONGEST_WAIT_MS } from './retry-policy.ts'

/**
 * Messages and parts that gateways gave back undelivered, to go another way. A part goes by each way once. Its old ref is
 * kept, since gateways repeat themselves.
 */

/** Ways of one part; a channel that finds a new one each time would send for ever. */
const MAX_WAYS = 8

/**
 * Decides on a part that was given back, and notes it on the message.
 *
 * - `again`: it is handed to the channel once more; `sendAgain` writes it down.
 * - `later`: its message is being sent, so it is looked at when that has ended.
 * - `over`: it ends here.
 */
export function takeBack(
  message: MatchedMessage,
  { ref, reason, way = '', afterMs = 0 }: StatusEvent,
  now: Date
): 'again' | 'later' | 'over' {
  const isOver = message.state === 'failed' || message.status === 'error' || message.doubt !== null
  if (isOver) return 'over'
  const whole = message.inParts ? [] : [{ part: 0, ref: message.ref, status: message.status }]
  const part = [...message.parts, ...whole].find(one => one.ref === ref)
  // The answer to its send, which names it, is on its way.
  if (!part && message.state === 'sending') return 'later'
  if (!part || !isProgress(part.status, 'error') || hasTried(message, part.part, way)) return 'over'
  if (message.state !== 'accepted' && message.state !== 'waiting') return 'later'

  message.returned.push({
    part: part.part,
    ref,
    way,
    due: new Date(now.getTime() + Math.min(afterMs, LONGEST_WAIT_MS))
  })
  message.reason = reason ?? message.reason
  message.chapters.push({
    kind: 'returned',
    at: now.toISOString(),
    ref,
    ...(reason === undefined ? {} : { reason }),
    ...(way === '' ? {} : { way })
  })
  return 'again'
}

function hasTried({ tried, returned }: MatchedMessage, part: number, way: string): boolean {
  const ways = [...(tried ?? []), ...returned].filter(one => one.part === part).map(one => one.way)
  return ways.includes(way) || ways.length >= MAX_WAYS
}

/** Call it after what else was heard of the messages is written, and with their conversations locked. */
export async function sendAgain(tx: Executor, all: readonly MatchedMessage[]): Promise<void> {
  const again = all.filter(({ returned }) => returned.length > 0)
  if (again.length === 0) return
  const parts = again.flatMap(({ id, registrationId, returned }) =>
    returned.map(({ part, ref }) => ({ id, registrationId, part, ref }))
  )
  await tx.execute(sql`
    insert into ${messageParts} (message_id, part, ref, registration_id, dropped)
    select id, part, ref, "registrationId", true
    from json_to_recordset(${JSON.stringify(parts)}::json) as given(id bigint, part int, ref text, "registrationId" bigint)
    on conflict (message_id, part, ref) do update set dropped = true`)
  const rows = again.map(({ id, tried, returned }) => ({
    id,
    due: returned.reduce((latest, { due }) => (due > latest ? due : latest), new Date(0)),
    returned: [...(tried ?? []), ...returned.map(({ part, way }) => ({ part, way }))]
  }))
  await tx.execute(sql`
    update ${messages}
    set state = 'waiting', ref = ${KEPT.ref}, in_parts = ${KEPT.inParts}, later = null, returned = given.returned, settled_at = null,
      due_at = case when ${messages.state} = 'accepted' then given.due else greatest(${messages.dueAt}, given.due) end
    from json_to_recordset(${JSON.stringify(rows)}::json) as given(id bigint, due timestamptz, returned json)
    where ${messages.id} = given.id`)
  await refreshSending(
    tx,
    again.map(({ conversationId }) => conversationId)
  )
  await wake(
    tx,
    'send',
    again.map(({ registrationId }) => registrationId)
  )
}
