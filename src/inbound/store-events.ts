import type { GatewayEvent, MessageEvent, StatusEvent } from 'channel-kit/event'
import { writeNotes } from '../channels/notes.ts'
import { sendAgain, takeBack } from '../delivery/send-again.ts'
import { enqueueOutbox, type NewOutboxItem } from '../outbox/enqueue.ts'
import type { Executor } from '../postgres/connect.ts'
import { type Contact, conversationsOf, keyOf, lockConversations, lockRegistrations } from '../queue/conversations.ts'
import { applyStatus } from './apply-status.ts'
import { enqueueAnswers } from './auto-replies.ts'
import { addAliases, learnNames, writeAddresses } from './contact-aliases.ts'
import { type Arrived, type Memory, writeLastIncoming, writeMemories } from './conversation-memory.ts'
import { incomingItems } from './incoming-messages.ts'
import { addParts, holdWaiting, type MatchedMessage, matchMessages, type ReportedEvent } from './match-messages.ts'
import { latestOf, normalize } from './normalize-events.ts'
import { saveStatuses, statusItems } from './save-status.ts'
import { keepUnmatched, takeUnmatched } from './unmatched-statuses.ts'

/**
 * Stores what gateways reported, in the order reported, and what the CRM has to
 * hear of it. Runs in the caller's transaction, so that a gateway is answered
 * only for what is kept. A few statements, however many events. `firstEarly`: what
 * was kept about the same messages, and came before, goes before them. `late`: they came long before now.
 */
export async function storeEvents(
  tx: Executor,
  given: readonly ReportedEvent[],
  now: Date,
  { firstEarly = false, late = false } = {}
): Promise<void> {
  if (given.length === 0) return
  const { all: come, siblings } = normalize(given)
  const renamed = await addAliases(tx, come)
  const named = await matchMessages(tx, come)
  await learnNames(tx, come, named)
  const byContact = await conversationsOf(tx, come.flatMap(contactOf))
  const before = firstEarly
    ? await takeUnmatched(
        tx,
        come.filter(({ event }) => named.get(event))
      )
    : []
  const all = [...before, ...come]
  const locked = await lockConversations(tx, [
    ...renamed,
    ...byContact.values(),
    ...[...named.values()].flatMap(message => message?.conversationId ?? [])
  ])
  await lockRegistrations(
    tx,
    locked.map(({ registrationId }) => registrationId),
    'share'
  )
  // Only now, when nobody else can change them, are the statuses read. A message whose send returned meanwhile is not
  // locked: to us it is still one that we do not know.
  const byId = new Map(locked.map(conversation => [conversation.id, conversation]))
  const known = latestOf(
    new Map(
      [...(await matchMessages(tx, all))].filter(([, message]) => message === null || byId.has(message.conversationId))
    ),
    siblings
  )
  await addParts(
    tx,
    [...known.values()].filter(message => message !== null)
  )
  await holdWaiting(
    tx,
    all.flatMap(({ event }) => (event.kind === 'status' && event.status === 'returned' ? (known.get(event) ?? []) : []))
  )
  const conversationOf = (contact: Contact) => {
    const conversation = byId.get(byContact.get(keyOf(contact)) ?? -1)
    if (!conversation) throw new Error('A conversation that was locked is not there')
    return conversation
  }

  const changed = new Set<MatchedMessage>()
  /** What has to wait until its message is not being sent any more. */
  const deferred = new Set<GatewayEvent>()
  const arriving = new Map<NewOutboxItem, Arrived>()
  const news = all.flatMap(reported => newsOf(reported))
  const told = await enqueueOutbox(tx, locked, news)
  await saveStatuses(tx, [...changed], now)
  await sendAgain(tx, [...changed])
  await keepUnmatched(tx, all.flatMap(unknown))
  const arrived = told.flatMap(one => arriving.get(one) ?? [])
  await writeLastIncoming(tx, arrived, { now, late })
  await writeMemories(tx, all.flatMap(memoryOf(new Set(arrived.map(({ event }) => event)))))
  await writeAddresses(tx, all, locked)
  await writeNotes(tx, all.flatMap(noteOf), now)
  await enqueueAnswers(tx, locked, all.flatMap(answerOf), all.flatMap(messageOf), now)

  /** What the CRM has to hear of an event, noting on the message what the event changes. */
  function newsOf({ registrationId, event }: ReportedEvent): NewOutboxItem[] {
    if (event.kind === 'message') return arrivingNews(registrationId, event)
    const message = known.get(event)
    if (event.kind !== 'status' || !message || message.returned.some(({ ref }) => ref === event.ref)) return []
    const taken = event.status === 'returned' ? takeBack(message, event, now) : 'over'
    if (taken === 'later') deferred.add(event)
    if (taken === 'again') changed.add(message)
    return taken === 'over' ? heardNews(message, event) : []
  }

  function arrivingNews(registrationId: number, event: MessageEvent): NewOutboxItem[] {
    const conversation = conversationOf({ registrationId, contact: event.contact })
    const pieces = incomingItems(conversation, event)
    for (const first of pieces.slice(0, 1)) arriving.set(first, { conversation, event })
    return pieces
  }

  function heardNews(message: MatchedMessage, event: StatusEvent): NewOutboxItem[] {
    const { changed: isChanged, status } = applyStatus(message, event, now)
    if (isChanged) changed.add(message)
    return status ? statusItems(message, status) : []
  }

  function unknown({ registrationId, event }: ReportedEvent) {
    if (event.kind !== 'status') return []
    const waits = deferred.has(event) || !(siblings.get(event) ?? [event]).some(one => known.has(one))
    return waits ? [{ registrationId, ...event }] : []
  }

  /** What is reported again, of a message that came before, is old. */
  function memoryOf(fresh: ReadonlySet<GatewayEvent>) {
    return ({ event, registrationId }: ReportedEvent): Memory[] => {
      if (!('remember' in event) || event.remember === undefined || deferred.has(event)) return []
      const id = event.kind === 'message' ? conversationOf({ registrationId, contact: event.contact }).id : undefined
      const conversationId = id ?? known.get(event)?.conversationId
      if (conversationId === undefined || (event.kind === 'message' && !fresh.has(event))) return []
      return [{ conversationId, value: event.remember }]
    }
  }

  function messageOf({ registrationId, event }: ReportedEvent) {
    if (event.kind !== 'message') return []
    return [{ conversation: conversationOf({ registrationId, contact: event.contact }), event }]
  }

  function answerOf({ registrationId, event }: ReportedEvent) {
    if (event.kind !== 'answer') return []
    return [{ conversation: conversationOf({ registrationId, contact: event.contact }), event }]
  }
}

const contactOf = ({ registrationId, event }: ReportedEvent) =>
  event.kind === 'message' || event.kind === 'answer' ? [{ registrationId, contact: event.contact }] : []

const noteOf = ({ registrationId, event }: ReportedEvent) =>
  event.kind === 'note' ? [{ registrationId, name: event.name, value: event.value }] : []
