import type { GatewayEvent } from 'channel-kit/channel'
import type { ChatMessage } from 'channel-kit/chat'
import { and, eq, inArray } from 'drizzle-orm'
import { tellIncoming, tellStatus } from '../crm/outbox.ts'
import type { Executor } from '../database/connect.ts'
import { type Conversation, lockContacts, lockConversations } from '../database/conversations.ts'
import { conversations, messages } from '../database/schema.ts'
import { advances } from './rank.ts'

type StatusEvent = Extract<GatewayEvent, { kind: 'status' }>
type MessageEvent = Extract<GatewayEvent, { kind: 'message' }>

/**
 * Stores what a gateway reported, in the order reported, and what the CRM has
 * to hear of it. Runs in the caller's transaction, so that a gateway is
 * answered only for what is kept.
 */
export async function storeEvents(
  tx: Executor,
  registrationId: number,
  events: readonly GatewayEvent[],
  now: Date
): Promise<void> {
  const locked = await lockAll(tx, registrationId, events)
  for (const event of events) {
    if (event.kind === 'status') await storeStatus(tx, registrationId, event, locked.byId)
    else await storeMessage(tx, event, locked.byContact.get(event.contact), now)
  }
}

/** Every conversation that the events touch, locked before the first is touched. */
async function lockAll(tx: Executor, registrationId: number, events: readonly GatewayEvent[]) {
  const refs = events.flatMap(event => (event.kind === 'status' ? [event.ref] : []))
  const owners =
    refs.length === 0
      ? []
      : await tx
          .select({ conversationId: messages.conversationId })
          .from(messages)
          .where(and(eq(messages.registrationId, registrationId), inArray(messages.ref, refs)))
  const named = await lockContacts(
    tx,
    registrationId,
    events.flatMap(event => (event.kind === 'message' ? [event.contact] : []))
  )
  const all = await lockConversations(tx, [...named.map(({ id }) => id), ...owners.map(owner => owner.conversationId)])

  return {
    byId: new Map(all.map(conversation => [conversation.id, conversation])),
    byContact: new Map(all.map(conversation => [conversation.contact, conversation]))
  }
}

async function storeStatus(
  tx: Executor,
  registrationId: number,
  event: StatusEvent,
  locked: ReadonlyMap<number, Conversation>
): Promise<void> {
  const [message] = await tx
    .select()
    .from(messages)
    .where(and(eq(messages.registrationId, registrationId), eq(messages.ref, event.ref)))
    .for('no key update')
  const conversation = message && locked.get(message.conversationId)
  if (!conversation || !advances(message.status, event.status)) return

  await tx
    .update(messages)
    .set({ status: event.status, ...(event.reason === undefined ? {} : { reason: event.reason }) })
    .where(eq(messages.id, message.id))
  if (message.crmId !== null) await tellStatus(tx, conversation, message.crmId, event.status)
}

async function storeMessage(
  tx: Executor,
  event: MessageEvent,
  conversation: Conversation | undefined,
  now: Date
): Promise<void> {
  if (!conversation) throw new Error('A conversation that was locked is not there')
  const { contact, subject, content, attachments } = event
  if (
    !(await tellIncoming(tx, conversation, event.ref, { contact, subject, content, attachments } satisfies ChatMessage))
  )
    return

  const at = event.at ?? now
  if (conversation.lastIncomingAt && conversation.lastIncomingAt > at) return
  await tx
    .update(conversations)
    .set({ lastIncomingRef: event.ref, lastIncomingAt: at, lastIncomingContext: event.context ?? null })
    .where(eq(conversations.id, conversation.id))
}
