import type { GatewayEvent, MessageEvent, StatusEvent } from 'channel-kit/event'
import { writeNotes } from '../channels/notes.ts'
import { type Contact, conversationsOf, keyOf } from '../contacts/contact-conversations.ts'
import { sendAgain, takeBack } from '../delivery/send-again.ts'
import { type NewEvent, statusEvent } from '../events/event.ts'
import { writeEvents } from '../events/write.ts'
import { type Charge, type Heard, nothingHeard } from '../metrics/meter.ts'
import { enqueueOutbox, type NewOutboxItem } from '../outbox/enqueue.ts'
import { answeredNotes } from '../outbox/notes.ts'
import type { Executor } from '../postgres/connect.ts'
import { lockConversations, lockRegistrations } from '../queue/locks.ts'
import { accountNews, isAccountNews, registrationLock } from './account-news.ts'
import { applyStatus } from './apply-status.ts'
import { enqueueAnswers } from './auto-replies.ts'
import { addAliases, learnNames, writeAddresses } from './contact-aliases.ts'
import { type Arrived, type Memory, writeLastIncoming, writeMemories } from './conversation-memory.ts'
import { heedConsents, heedLines } from './customer-wishes.ts'
import { incomingItems, isByCustomer, isHidden, messageNews } from './incoming-messages.ts'
import { addParts, holdWaiting, type MatchedMessage, matchMessages, type ReportedEvent } from './match-messages.ts'
import { latestOf, normalize } from './normalize-events.ts'
import { saveStatuses, statusItems } from './save-status.ts'
import { keepUnmatched, takeUnmatched } from './unmatched-statuses.ts'

interface How {
  firstEarly?: boolean
  late?: boolean
  /** Gets what is new. */
  heard?: Heard
}

/**
 * Stores reported events in their order, and adds the outbox items that they cause. Runs in the caller's transaction, so
 * that a gateway is answered only when its events are stored. A few statements, however many events. `firstEarly`:
 * unmatched statuses of the same messages, which came before, are applied first. `late`: the events came long before now.
 */
export async function storeEvents(
  tx: Executor,
  given: readonly ReportedEvent[],
  now: Date,
  { firstEarly = false, late = false, heard = nothingHeard() }: How = {}
): Promise<void> {
  if (given.length === 0) return
  const { all: reported, siblings } = normalize(given)
  const renamed = await addAliases(tx, reported)
  const unlocked = await matchMessages(tx, reported)
  await learnNames(tx, reported, unlocked)
  const byContact = await conversationsOf(tx, reported.flatMap(contactOf))
  const before = firstEarly
    ? await takeUnmatched(
        tx,
        reported.filter(({ event }) => unlocked.get(event))
      )
    : []
  const all = [...before, ...reported]
  const locked = await lockConversations(tx, [
    ...renamed,
    ...byContact.values(),
    ...[...unlocked.values()].flatMap(message => message?.conversationId ?? [])
  ])
  const registrations = await lockRegistrations(
    tx,
    [...locked, ...all.filter(({ event }) => isAccountNews(event))].map(({ registrationId }) => registrationId),
    registrationLock(all.map(({ event }) => event))
  )
  // Messages are matched again under the lock, when no other transaction can change their statuses. A message whose
  // attempt returned meanwhile is not locked, and counts as unmatched.
  const byId = new Map(locked.map(conversation => [conversation.id, conversation]))
  const matched = latestOf(
    new Map(
      [...(await matchMessages(tx, all))].filter(([, message]) => message === null || byId.has(message.conversationId))
    ),
    siblings
  )
  await addParts(
    tx,
    [...matched.values()].filter(message => message !== null)
  )
  await holdWaiting(
    tx,
    all.flatMap(({ event }) =>
      event.kind === 'status' && event.status === 'returned' ? (matched.get(event) ?? []) : []
    )
  )
  const conversationOf = (contact: Contact) => {
    const conversation = byId.get(byContact.get(keyOf(contact)) ?? -1)
    if (!conversation) throw new Error('A conversation that was locked is not there')
    return conversation
  }

  const changed = new Set<MatchedMessage>()
  /** Returned statuses that wait until the attempt of their message has ended. */
  const deferred = new Set<GatewayEvent>()
  const charged: Charge[] = []
  const undelivered: number[] = []
  const arriving = new Map<NewOutboxItem, Arrived>()
  /** Events for the feed in their order; with an item, only if that is a new one. */
  const told: { event: NewEvent; item?: NewOutboxItem }[] = []
  const items = all.flatMap(event => itemsOf(event))
  // A customer who answers an API client's message is read with what is answered.
  const answering = [...arriving].flatMap(([item, arrived]) => (isByCustomer(arrived.event) ? [item] : []))
  const notes = await answeredNotes(tx, locked, answering)
  const added = await enqueueOutbox(tx, locked, [...notes, ...items])
  await saveStatuses(tx, [...changed], now)
  await sendAgain(tx, [...changed])
  await keepUnmatched(tx, all.flatMap(unmatchedOf))
  // New ones: of customers, of the business itself, and of the channel.
  const arrived = added.flatMap(item => arriving.get(item) ?? [])
  await writeLastIncoming(
    tx,
    arrived.filter(({ event }) => !isHidden(event)),
    { now, late }
  )
  await writeMemories(tx, all.flatMap(memoryOf(new Set(arrived.map(({ event }) => event)))))
  const renames = await writeAddresses(tx, all, locked)
  const fresh = new Set(added)
  const news = await accountNews(tx, all, now)
  await writeEvents(tx, [
    ...told.filter(({ item }) => !item || fresh.has(item)).map(({ event }) => event),
    ...renames,
    ...news
  ])
  await writeNotes(tx, all.flatMap(noteOf), now)
  await heedLines(tx, arrived, { registrations, now, late, heard })
  await heedConsents(tx, all.flatMap(consentOf), { now, heard })
  await enqueueAnswers(tx, all.flatMap(answerOf), all.flatMap(messageOf), now)
  heard.received.push(
    ...arrived.flatMap(({ event, conversation }) => (isByCustomer(event) ? [conversation.registrationId] : []))
  )
  heard.charged.push(...charged)
  heard.undelivered.push(...undelivered)

  /** The outbox items of an event, which is applied to its message. */
  function itemsOf({ registrationId, event }: ReportedEvent): NewOutboxItem[] {
    if (event.kind === 'message') return incomingItemsOf(registrationId, event)
    const message = matched.get(event)
    if (event.kind !== 'status' || !message || message.returned.some(({ ref }) => ref === event.ref)) return []
    const taken = event.status === 'returned' ? takeBack(message, event, now) : 'over'
    if (taken === 'later') deferred.add(event)
    if (taken === 'again') changed.add(message)
    return taken === 'over' ? statusItemsOf(message, event) : []
  }

  function incomingItemsOf(registrationId: number, event: MessageEvent): NewOutboxItem[] {
    const conversation = conversationOf({ registrationId, contact: event.contact })
    const items = incomingItems(conversation, event)
    for (const first of items.slice(0, 1)) {
      arriving.set(first, { conversation, event })
      const news = messageNews(event)
      if (news) told.push({ event: { registrationId, conversationId: conversation.id, ...news }, item: first })
    }
    return items
  }

  function statusItemsOf(message: MatchedMessage, event: StatusEvent): NewOutboxItem[] {
    const { changed: isChanged, status, told: news, charge } = applyStatus(message, event, now)
    if (isChanged) changed.add(message)
    if (charge) charged.push({ registrationId: message.registrationId, ...charge })
    if (status === 'error') undelivered.push(message.registrationId)
    told.push(...news.map(one => ({ event: statusEvent(message, one) })))
    return status ? statusItems(message, status) : []
  }

  function unmatchedOf({ registrationId, event }: ReportedEvent) {
    if (event.kind !== 'status') return []
    const waits = deferred.has(event) || !(siblings.get(event) ?? [event]).some(sibling => matched.has(sibling))
    return waits ? [{ registrationId, ...event }] : []
  }

  /** The memory that an event brings; none of a message that was reported before, since it is old. */
  function memoryOf(fresh: ReadonlySet<GatewayEvent>) {
    return ({ event, registrationId }: ReportedEvent): Memory[] => {
      if (!('remember' in event) || event.remember === undefined || deferred.has(event)) return []
      const id = event.kind === 'message' ? conversationOf({ registrationId, contact: event.contact }).id : undefined
      const conversationId = id ?? matched.get(event)?.conversationId
      if (conversationId === undefined || (event.kind === 'message' && !fresh.has(event))) return []
      return [{ conversationId, value: event.remember }]
    }
  }

  function messageOf({ registrationId, event }: ReportedEvent) {
    if (event.kind !== 'message') return []
    return [{ conversation: conversationOf({ registrationId, contact: event.contact }), event }]
  }

  function consentOf({ registrationId, event }: ReportedEvent) {
    if (event.kind !== 'consent') return []
    return [{ conversation: conversationOf({ registrationId, contact: event.contact }), event }]
  }

  function answerOf({ registrationId, event }: ReportedEvent) {
    if (event.kind !== 'answer') return []
    return [{ conversation: conversationOf({ registrationId, contact: event.contact }), event }]
  }
}

const contactOf = ({ registrationId, event }: ReportedEvent) =>
  event.kind === 'message' || event.kind === 'answer' || event.kind === 'consent'
    ? [{ registrationId, contact: event.contact }]
    : []

const noteOf = ({ registrationId, event }: ReportedEvent) =>
  event.kind === 'note' ? [{ registrationId, name: event.name, value: event.value }] : []
