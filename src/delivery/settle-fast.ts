import { isProgress } from '../inbound/status-order.ts'
import type { StoryEntry } from '../messages/story.ts'
import { itemOf, type NewOutboxItem } from '../outbox/enqueue.ts'
import { sanitize } from '../postgres/sanitize-text.ts'
import { type AttemptResult, resultRow } from './attempt.ts'
import type { PaceOf } from './contact-rate-limit.ts'

/**
 * Nearly all attempts end plainly: the gateway has the whole message or none of
 * it, and tells of nothing but that message. Such an end is one row, and needs
 * to know nothing that the attempt did not.
 */
export const isSimple = (
  { claimed: taken, decision: next, storyEntry: told, forNext: carried = {} }: AttemptResult,
  paceOf: PaceOf
): boolean =>
  told.kind === 'attempt' &&
  next.kind !== 'paused' &&
  !('doubt' in next && next.doubt) &&
  !taken.message.inParts &&
  taken.message.doubt === null &&
  Object.keys(carried).length === 0 &&
  paceOf(taken.registrationId) === undefined &&
  (next.kind === 'accepted' ? tellsOfItself(next.outcome) : !('events' in next))

type Accepted = Extract<AttemptResult['decision'], { kind: 'accepted' }>['outcome']

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
export function simpleRows(all: readonly AttemptResult[], now: Date) {
  const rows = all.map(one => {
    const steps = stepsOf(one)
    const chapters = steps.map((status): StoryEntry => ({ kind: 'status', at: now.toISOString(), status }))
    const row = resultRow(one, now)
    return {
      ...row,
      ...(steps.length > 0 ? { status: steps.at(-1) } : {}),
      story: [...row.story, ...chapters],
      was: one.claimed.message.status
    }
  })
  return {
    ids: rows.map(({ id }) => id),
    conversations: all.map(({ claimed: taken }) => taken.conversationId),
    registrations: all.map(({ claimed: taken }) => taken.registrationId),
    refs: all.map(({ decision: next }) => (next.kind === 'accepted' ? sanitize(next.outcome.ref) : null)),
    rows,
    news: all.flatMap(newsOf)
  }
}

/** What the CRM has to hear. */
const newsOf = (one: AttemptResult) => {
  const { message, registrationId, conversationId } = one.claimed
  const { crmId, id, replays } = message
  if (crmId === null) return []
  const statuses = one.decision.kind === 'failed' ? (['error'] as const) : stepsOf(one)
  return statuses.map(status => ({
    id,
    registration: registrationId,
    conversation: conversationId,
    ...itemOf({ kind: 'status', conversationId, crmId, status, replays } satisfies NewOutboxItem)
  }))
}

/** The statuses that an accepted message reaches at once. */
function stepsOf({ claimed: { message }, decision: next }: AttemptResult) {
  if (next.kind !== 'accepted') return []
  let status = message.status
  return (next.outcome.later ?? [])
    .flatMap(({ events }) => events)
    .flatMap(event => {
      if (event.kind !== 'status' || event.status === 'returned' || sanitize(event.ref) !== sanitize(next.outcome.ref))
        return []
      if (!isProgress(status, event.status)) return []
      status = event.status
      return [event.status]
    })
}
