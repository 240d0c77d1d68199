import { and, asc, between, eq, sql } from 'drizzle-orm'
import type { ClaimedMessage } from '../delivery/attempt.ts'
import { settleMessages } from '../delivery/settle.ts'
import { storeEvents } from '../inbound/store-events.ts'
import type { Executor } from '../postgres/connect.ts'
import { faultOf, isFault } from '../postgres/fault.ts'
import { bigints } from '../postgres/ids.ts'
import { sanitize } from '../postgres/sanitize-text.ts'
import { type ItemState, lotItems } from '../postgres/schema/lots.ts'
import { conversations, messages } from '../postgres/schema/schema.ts'
import { lockConversations, wake } from '../queue/conversations.ts'
import { saveActivity } from '../registrations/activity.ts'
import type { LotRow } from './claim.ts'
import { letGoHeld } from './hold.ts'
import { acceptedEnd, failedEnd, refIn } from './item-results.ts'
import type { LotWork } from './step.ts'

/** Telling the messages of a lot what became of them. So few in a transaction that nobody waits long for it. */
const BATCH = 500

export type Verdict =
  | { kind: 'accepted'; ref: string }
  | { kind: Extract<ItemState, 'rejected' | 'failed' | 'unknown' | 'cancelled'>; reason: string }

interface Range {
  firstItem: number
  lastItem: number
}

/** All that wait, or those of a chunk. What is settled already is passed over, so it may be repeated. */
export async function settle(
  { database, now }: Pick<LotWork, 'database' | 'now'>,
  lot: Pick<LotRow, 'id' | 'registrationId'>,
  { within, ...verdict }: Verdict & { within?: Range }
): Promise<void> {
  const some = (most: number, how: Verdict) =>
    database.db.transaction(tx => settleSome(tx, lot, how, { range: within, most }, now()))
  let most = BATCH
  for (let more = true; more; )
    try {
      more = await some(most, verdict)
    } catch (error) {
      if (!isFault(error)) throw error
      // What fails with others is told by itself, and what fails alone is told the plainest thing.
      if (most > 1) most = 1
      else more = await some(1, { kind: 'unknown', reason: `what became of it could not be stored: ${faultOf(error)}` })
    }
  if (verdict.kind === 'accepted') await saveActivity(database, 'sentAt', [lot.registrationId], now())
}

async function settleSome(
  tx: Executor,
  { id, registrationId }: Pick<LotRow, 'id' | 'registrationId'>,
  verdict: Verdict,
  { range: within, most }: { range: Range | undefined; most: number },
  now: Date
): Promise<boolean> {
  const range = within && between(lotItems.id, within.firstItem, within.lastItem)
  const rows = await tx
    .select({ item: lotItems.id, message: messages, conversation: conversations })
    .from(lotItems)
    .innerJoin(messages, eq(messages.id, lotItems.messageId))
    .innerJoin(conversations, eq(conversations.id, messages.conversationId))
    .where(and(eq(lotItems.lotId, id), range, eq(lotItems.state, 'waiting')))
    .orderBy(asc(lotItems.id))
    .limit(most)
  if (rows.length === 0) return false

  const ids = rows.map(({ conversation }) => conversation.id)
  await lockConversations(tx, ids)
  await tx.execute(sql`
    update ${messages} set state = 'sending'
    where id = any(${bigints(rows.map(({ message }) => message.id))}) and state = 'gathered'`)
  const letGo = await letGoHeld(tx, ids, now)
  await settleMessages(
    tx,
    rows.map(({ message, conversation }) => endOf(takenOf(message, conversation), verdict, now)),
    now
  )
  const reason = verdict.kind === 'accepted' ? null : sanitize(verdict.reason)
  await tx.execute(sql`
    update ${lotItems} set state = ${verdict.kind}, reason = ${reason} where id = any(${bigints(rows.map(({ item }) => item))})`)
  if (letGo) await wake(tx, 'send', [registrationId])
  return rows.length === most
}

const takenOf = (message: ClaimedMessage['message'], conversation: ClaimedMessage['conversation']): ClaimedMessage => ({
  registrationId: message.registrationId,
  conversationId: message.conversationId,
  message,
  conversation,
  parts: [],
  interrupted: false
})

const endOf = (taken: ClaimedMessage, verdict: Verdict, now: Date) =>
  verdict.kind === 'accepted'
    ? acceptedEnd(taken, verdict.ref, now)
    : failedEnd(taken, verdict.reason, now, verdict.kind === 'unknown' ? 'unknown' : 'rejected')

/** What the gateway took into a lot that it then did not close will not be sent. */
export async function settleUnsent(
  { database, now }: Pick<LotWork, 'database' | 'now'>,
  { id, registrationId, ref }: Pick<LotRow, 'id' | 'registrationId' | 'ref'>,
  reason: string
): Promise<void> {
  for (let more = true; more; )
    more = await database.db.transaction(async tx => {
      const rows = await tx
        .select({ id: lotItems.id, messageId: lotItems.messageId })
        .from(lotItems)
        .where(and(eq(lotItems.lotId, id), eq(lotItems.state, 'accepted')))
        .orderBy(asc(lotItems.id))
        .limit(BATCH)
      const told = { kind: 'status', status: 'error', reason } as const
      await storeEvents(
        tx,
        rows.map(({ messageId }) => ({ registrationId, event: { ...told, ref: refIn(ref ?? '', messageId) } })),
        now()
      )
      await tx.execute(sql`
        update ${lotItems} set state = 'failed', reason = ${sanitize(reason)}
        where id = any(${bigints(rows.map(row => row.id))})`)
      return rows.length === BATCH
    })
}
