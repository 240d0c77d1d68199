import type { FedEvent, FeedPage } from '../events/feed.ts'
import type { PushAnswer } from './attempt.ts'

/**
 * Delivery of a page of events: those of one conversation one after the other, several conversations at the same time.
 * After a failure nothing more of the page is begun.
 */

/** Conversations of one webhook at the same time, that is, requests that its receiver gets at once. */
export const MAX_AT_ONCE = 8

type Answered = Exclude<PushAnswer, { kind: 'interrupted' }>

/** Cursor of a webhook: what it wants was delivered up to the position, and those of `ahead` besides. */
export interface Cursor {
  position: number
  ahead: number[]
}

export interface Delivery {
  /** How far it got, also while it goes on. */
  cursor(): Cursor
  /** Events that were delivered, the first failure, and the last answer. */
  delivered: number
  failure: (PushAnswer & { kind: 'failed' | 'gone' }) | undefined
  last: Answered | undefined
}

interface How {
  /** Conversations at the same time. */
  atOnce: number
  push: (event: FedEvent) => Promise<PushAnswer>
  /** True: nothing more is begun. */
  isOver: () => boolean
  /** Called after each event that was delivered. */
  progressed: (delivery: Delivery) => void
}

export async function deliverPage(
  page: Pick<FeedPage, 'events' | 'next'>,
  { position: start, ahead }: Cursor,
  { atOnce, push, isOver, progressed }: How
): Promise<Delivery> {
  const done = new Set(ahead)
  const delivery: Delivery = {
    cursor() {
      const open = page.events.findIndex(({ position }) => !done.has(position))
      if (open < 0) return { position: page.next, ahead: [] }
      const behind = page.events.slice(open).filter(({ position }) => done.has(position))
      return { position: page.events[open - 1]?.position ?? start, ahead: behind.map(({ position }) => position) }
    },
    delivered: 0,
    failure: undefined,
    last: undefined
  }
  const lanes = [
    ...Map.groupBy(
      page.events.filter(({ position }) => !done.has(position)),
      laneOf
    ).values()
  ].values()

  /** True: the next event of the conversation may follow. */
  async function deliverEvent(event: FedEvent): Promise<boolean> {
    const answer = await push(event)
    if (answer.kind === 'interrupted') return false
    delivery.last = answer
    if (answer.kind === 'delivered') {
      done.add(event.position)
      delivery.delivered += 1
      progressed(delivery)
      return true
    }
    delivery.failure ??= answer
    return false
  }

  async function deliverLanes(): Promise<void> {
    // Without an answer of this one, those after it wait.
    for (const lane of lanes)
      for (const event of lane) if (delivery.failure || isOver() || !(await deliverEvent(event))) return
  }
  await Promise.all(Array.from({ length: atOnce }, deliverLanes))
  return delivery
}

/** Events without a conversation are in order among those of their registration. */
const laneOf = ({ registrationId, conversationId }: FedEvent) => `${registrationId} ${conversationId}`
