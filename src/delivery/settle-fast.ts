import { advances } from '../inbound/status-order.ts'
import type { Chapter } from '../messages/story.ts'
import { type CrmNews, itemOf } from '../outbox/enqueue.ts'
import { plain } from '../postgres/sanitize-text.ts'
import { type Ended, rowOf } from './attempt.ts'
import type { PaceOf } from './contact-rate-limit.ts'

/**
 * Nearly all attempts end plainly: the gateway has the whole message or none of
 * it, and tells of nothing but that message. Such an end is one row, and needs
 * to know nothing that the attempt did not.
 */
export const isPlain = ({ taken, next, told, carried = {} }: Ended, paceOf: PaceOf): boolean =>
  told.kind === 'attempt' &&
  next.kind !== 'paused' &&
  !('doubt' in next && next.doubt) &&
  !taken.message.inParts &&
  taken.message.doubt === null &&
  Object.keys(carried).length === 0 &&
  paceOf(taken.registrationId) === undefined &&
  (next.kind === 'accepted' ? tellsOfItself(next.outcome) : !('events' in next))

type Accepted = Extract<Ended['next'], { kind: 'accepted' }>['outcome']

const tellsOfItself = ({ ref, later = [], remember, restMs }: Accepted): boolean =>
  remember === undefined &&
  restMs === undefined &&
  later.every(
    ({ afterMs, events }) =>
      afterMs <= 0 &&
      events.every(
        event =>
          event.kind === 'status' &&
          event.status !== 'returned' &&
          event.ref === ref &&
          event.message === undefined &&
          event.remember === undefined &&
          !event.reason
      )
  )

/** Plain ends as the turn takes them. `was`: the status that a row goes out from. */
export function plainEnds(all: readonly Ended[], now: Date) {
  const rows = all.map(one => {
    const steps = stepsOf(one)
    const chapters = steps.map((status): Chapter => ({ kind: 'status', at: now.toISOString(), status }))
    const row = rowOf(one, now)
    return {
      ...row,
      ...(steps.length > 0 ? { status: steps.at(-1) } : {}),
      story: [...row.story, ...chapters],
      was: one.taken.message.status
    }
  })
  return {
    ids: rows.map(({ id }) => id),
    conversations: all.map(({ taken }) => taken.conversationId),
    registrations: all.map(({ taken }) => taken.registrationId),
    refs: all.map(({ next }) => (next.kind === 'accepted' ? plain(next.outcome.ref) : null)),
    rows,
    news: all.flatMap(newsOf)
  }
}

/** What the CRM has to hear. */
const newsOf = (one: Ended) => {
  const { message, registrationId, conversationId } = one.taken
  const { crmId, id, replays } = message
  if (crmId === null) return []
  const statuses = one.next.kind === 'failed' ? (['error'] as const) : stepsOf(one)
  return statuses.map(status => ({
    id,
    registration: registrationId,
    conversation: conversationId,
    ...itemOf({ kind: 'status', conversationId, crmId, status, replays } satisfies CrmNews)
  }))
}

/** The statuses that an accepted message reaches at once. */
function stepsOf({ taken: { message }, next }: Ended) {
  if (next.kind !== 'accepted') return []
  let status = message.status
  return (next.outcome.later ?? [])
    .flatMap(({ events }) => events)
    .flatMap(event => {
      if (event.kind !== 'status' || event.status === 'returned' || plain(event.ref) !== plain(next.outcome.ref))
        return []
      if (!advances(status, event.status)) return []
      status = event.status
      return [event.status]
    })
}
