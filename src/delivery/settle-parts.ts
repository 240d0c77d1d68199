import { sql } from 'drizzle-orm'
import { type NewEvent, statusEvent } from '../events/event.ts'
import { ownNews, ownStatus } from '../inbound/apply-status.ts'
import type { MatchedMessage } from '../inbound/match-messages.ts'
import { saveStatuses, statusItems } from '../inbound/save-status.ts'
import { isWhole, type KnownPart, partsOf, writeParts } from '../messages/parts.ts'
import type { NewOutboxItem } from '../outbox/enqueue.ts'
import type { Executor } from '../postgres/connect.ts'
import { messages } from '../postgres/schema/messages.ts'
import { type AttemptResult, newParts, type UpdatedMessage } from './attempt.ts'

type Settled = AttemptResult & { row: UpdatedMessage }

/**
 * Settles results of messages in parts. An accepted message is as far as its parts are by now. A message of which nobody
 * knew whether it had left, and which the gateway was heard to have since, is not given up. `reopened`: those messages.
 */
export async function settleParts(
  tx: Executor,
  all: readonly Settled[],
  now: Date
): Promise<{ news: NewOutboxItem[]; told: NewEvent[]; reopened: ReadonlySet<number> }> {
  const inParts = all.filter(({ row }) => row.inParts)
  if (inParts.length === 0) return { news: [], told: [], reopened: new Set() }
  await writeParts(tx, inParts.flatMap(rowsOf), { statuses: false })
  const parts = await partsOf(
    tx,
    inParts.map(({ claimed }) => claimed.message.id)
  )
  const partsBy = ({ claimed }: Settled) => parts.get(claimed.message.id) ?? []

  const changed: MatchedMessage[] = []
  const told: NewEvent[] = []
  const news = inParts.flatMap(result => {
    const message = knownOf(result, partsBy(result))
    const status = ownStatus(message)
    if (status) {
      changed.push(message)
      told.push(statusEvent(message, ownNews(message, status)))
    }
    return status ? statusItems(message, status) : []
  })
  await saveStatuses(tx, changed, now)
  return { news, told, reopened: await reopen(tx, inParts, partsBy, now) }
}

const rowsOf = (result: Settled) =>
  newParts(result, true).map(part => ({
    ...part,
    messageId: result.claimed.message.id,
    registrationId: result.claimed.registrationId
  }))

const knownOf = ({ claimed: { message }, decision, row }: Settled, parts: KnownPart[]): MatchedMessage => ({
  ...message,
  ...row,
  code: null,
  cost: null,
  state: decision.kind === 'accepted' || decision.kind === 'failed' ? decision.kind : 'waiting',
  reason: 'reason' in decision ? decision.reason : null,
  decided: null,
  parts,
  tried: message.returned,
  returned: [],
  chapters: []
})

/** They are taken once more at once: to be accepted as they are, or to be asked about once more where only something of them was heard. */
async function reopen(
  tx: Executor,
  inParts: readonly Settled[],
  partsBy: (result: Settled) => readonly KnownPart[],
  now: Date
): Promise<ReadonlySet<number>> {
  const rows = inParts.flatMap(result => {
    const { decision, storyEntry, row, claimed } = result
    if (decision.kind === 'accepted' || (storyEntry.kind === 'attempt' && storyEntry.outcome === 'rejected')) return []
    const whole = row.doubt === 'heard' || (decision.doubt !== undefined && isWhole(partsBy(result), row.partCount))
    if (!whole && !(row.doubt === 'channel' && decision.kind === 'failed')) return []
    return [{ id: claimed.message.id, doubt: whole ? 'heard' : 'channel' }]
  })
  if (rows.length > 0)
    await tx.execute(sql`
      update ${messages} m
      set state = 'waiting', doubt = given.doubt, due_at = ${now.toISOString()}::timestamptz, settled_at = null,
        status = nullif(m.status, 'error')
      from json_to_recordset(${JSON.stringify(rows)}::json) as given(id bigint, doubt text)
      where m.id = given.id`)
  return new Set(rows.map(({ id }) => id))
}
