import { sql } from 'drizzle-orm'
import { ownStatus } from '../inbound/apply-status.ts'
import type { MatchedMessage } from '../inbound/match-messages.ts'
import { saveStatuses, statusItems } from '../inbound/save-status.ts'
import { isWhole, type KnownPart, partsOf, writeParts } from '../messages/parts.ts'
import type { NewOutboxItem } from '../outbox/enqueue.ts'
import type { Executor } from '../postgres/connect.ts'
import { messages } from '../postgres/schema/schema.ts'
import { type AttemptResult, newParts, type UpdatedMessage } from './attempt.ts'

type Settled = AttemptResult & { row: UpdatedMessage }

/**
 * What attempts mean for messages that are in parts: an accepted one is as far
 * as its parts are by now, and one that the gateway was heard to have, while
 * nobody knew whether it had left, is not given up. `reopened`: those.
 */
export async function settleParts(
  tx: Executor,
  all: readonly Settled[],
  now: Date
): Promise<{ news: NewOutboxItem[]; reopened: ReadonlySet<number> }> {
  const ended = all.filter(({ row }) => row.inParts)
  if (ended.length === 0) return { news: [], reopened: new Set() }
  await writeParts(tx, ended.flatMap(rowsOf), { statuses: false })
  const parts = await partsOf(
    tx,
    ended.map(({ claimed: taken }) => taken.message.id)
  )
  const partsBy = ({ claimed: taken }: Settled) => parts.get(taken.message.id) ?? []

  const changed: MatchedMessage[] = []
  const news = ended.flatMap(one => {
    const message = knownOf(one, partsBy(one))
    const status = ownStatus(message)
    if (status) changed.push(message)
    return status ? statusItems(message, status) : []
  })
  await saveStatuses(tx, changed, now)
  return { news, reopened: await reopen(tx, ended, partsBy, now) }
}

const rowsOf = (one: Settled) =>
  newParts(one, true).map(part => ({
    ...part,
    messageId: one.claimed.message.id,
    registrationId: one.claimed.registrationId
  }))

const knownOf = ({ claimed: { message }, decision: next, row }: Settled, parts: KnownPart[]): MatchedMessage => ({
  ...message,
  ...row,
  state: next.kind === 'accepted' || next.kind === 'failed' ? next.kind : 'waiting',
  reason: 'reason' in next ? next.reason : null,
  decided: null,
  parts,
  tried: message.returned,
  returned: [],
  chapters: []
})

/** They are taken once more at once: to be accepted as they are, or to be asked about once more where only something of them was heard. */
async function reopen(
  tx: Executor,
  ended: readonly Settled[],
  partsBy: (one: Settled) => readonly KnownPart[],
  now: Date
): Promise<ReadonlySet<number>> {
  const rows = ended.flatMap(one => {
    const { decision: next, storyEntry: told, row, claimed: taken } = one
    if (next.kind === 'accepted' || (told.kind === 'attempt' && told.outcome === 'rejected')) return []
    const whole = row.doubt === 'heard' || (next.doubt !== undefined && isWhole(partsBy(one), row.partCount))
    if (!whole && !(row.doubt === 'channel' && next.kind === 'failed')) return []
    return [{ id: taken.message.id, doubt: whole ? 'heard' : 'channel' }]
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
