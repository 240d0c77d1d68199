import type { ConsentEvent } from 'channel-kit/event'
import { holdForLines } from '../contacts/holds.ts'
import { liftIn, suppressIn } from '../contacts/suppressions.ts'
import type { Heard } from '../metrics/meter.ts'
import type { Executor } from '../postgres/connect.ts'
import type { Conversation } from '../postgres/schema/conversations.ts'
import { messages } from '../postgres/schema/messages.ts'
import { defaultOptOut, type OptOut, wishIn } from '../protocol/host-settings.ts'
import { refreshLine } from '../queue/due-times.ts'
import type { Arrived } from './conversation-memory.ts'
import { isByBusiness, isByCustomer } from './incoming-messages.ts'

/** Wishes of customers: words by which they opt out of marketing and in again, and what their gateway knows. Their messages reach the CRM as all do. */

interface Heeding {
  /** The locked registrations of the messages. */
  registrations: readonly { id: number; optOut: OptOut | null }[]
  now: Date
  /** The messages came long before now: who opted in then may have opted out since. */
  late: boolean
  /** Gets the messages that ended for a wish. */
  heard: Heard
}

/**
 * Heeds new messages: the wishes of customers, in their order, and lines of the business, which hold their conversations. The
 * caller has locked their conversations and registrations.
 */
export async function heedLines(tx: Executor, arrived: readonly Arrived[], how: Heeding): Promise<void> {
  await heedWishes(
    tx,
    arrived.filter(({ event }) => isByCustomer(event)),
    how
  )
  const byBusiness = how.late ? [] : arrived.filter(({ event }) => isByBusiness(event))
  await holdForLines(tx, [...new Set(byBusiness.map(({ conversation }) => conversation.id))])
}

async function heedWishes(
  tx: Executor,
  arrived: readonly Arrived[],
  { registrations, now, late, heard }: Heeding
): Promise<void> {
  const words = new Map(registrations.map(({ id, optOut }) => [id, optOut ?? defaultOptOut]))
  for (const { conversation, event } of arrived) {
    const optOut = words.get(conversation.registrationId)
    const wish = optOut && event.content && wishIn(event.content, optOut)
    if (!optOut || !wish) continue
    if (wish === 'out') {
      const { suppressed, ended } = await suppressIn(tx, [conversation], {
        purpose: 'marketing',
        source: 'keyword',
        now
      })
      note(heard, conversation, ended)
      if (suppressed > 0 && optOut.answer !== '') await answer(tx, { conversation, event }, optOut.answer, now)
    } else if (!late) await liftIn(tx, [conversation], { purpose: 'marketing', source: 'keyword' })
  }
}

/** Heeds what gateways know of the wishes of customers. The caller has locked their conversations and registrations. */
export async function heedConsents(
  tx: Executor,
  all: readonly { conversation: Conversation; event: ConsentEvent }[],
  { now, heard }: Pick<Heeding, 'now' | 'heard'>
): Promise<void> {
  for (const { conversation, event } of all) {
    const how = { purpose: event.purpose, source: 'gateway' } as const
    if (event.isGiven) await liftIn(tx, [conversation], how)
    else note(heard, conversation, (await suppressIn(tx, [conversation], { ...how, now })).ended)
  }
}

const note = (heard: Heard, { registrationId }: Conversation, ended: number) =>
  heard.ended.push(...Array<number>(ended).fill(registrationId))

/** An answer is a message like that of a channel: the CRM is not told of it, and the same one goes once. */
async function answer(tx: Executor, { conversation, event }: Arrived, text: string, now: Date): Promise<void> {
  const { id, registrationId, contact } = conversation
  const added = await tx
    .insert(messages)
    .values({
      registrationId,
      conversationId: id,
      answer: `opt-out ${id} ${event.ref}`,
      body: { contact, subject: null, content: { text, format: 'text' }, attachments: [] },
      dueAt: now
    })
    .onConflictDoNothing()
    .returning({ registrationId: messages.registrationId, conversationId: messages.conversationId })
  await refreshLine(tx, added)
}
