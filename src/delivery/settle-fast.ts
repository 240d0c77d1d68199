import type { Status } from 'channel-kit/chat'
import { type StatusNews, statusFacts } from '../events/event.ts'
import { statusItems } from '../inbound/save-status.ts'
import { isProgress } from '../inbound/status-order.ts'
import { statusEntry } from '../messages/story.ts'
import { itemOf } from '../outbox/enqueue.ts'
import { sanitize } from '../postgres/sanitize-text.ts'
import { type AttemptResult, failureNews, immediateEvents, resultRow } from './attempt.ts'
import type { PaceOf } from './contact-rate-limit.ts'

/**
 * Simple results, which nearly all are: the gateway has the whole message or none of it, and tells of nothing but that
 * message. Such a result is one row, and needs nothing from the database. It means the same as `settleMessages` of
 * settle.ts makes of it, which a property test compares.
 */

export const isSimple = (
  { claimed: { message, registrationId }, decision, storyEntry, forNext = {} }: AttemptResult,
  paceOf: PaceOf
): boolean =>
  storyEntry.kind === 'attempt' &&
  decision.kind !== 'paused' &&
  !('doubt' in decision && decision.doubt) &&
  !message.inParts &&
  message.doubt === null &&
  message.tellCrm !== 'always' &&
  Object.keys(forNext).length === 0 &&
  paceOf(registrationId) === undefined &&
  (decision.kind === 'accepted' ? tellsOfItself(decision.outcome) : !('events' in decision))

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
          event.code === undefined &&
          event.cost === undefined &&
          event.remember === undefined &&
          !event.reason
      )
  )

/** Simple results as `send_turn` takes them. `was`: the status that a row goes out from. */
export function simpleRows(results: readonly AttemptResult[], now: Date) {
  const rows = results.map(result => {
    const steps = stepsOf(result)
    const row = resultRow(result, now)
    return {
      ...row,
      ...(steps.length > 0 ? { status: steps.at(-1) } : {}),
      story: [...row.story, ...steps.map(status => statusEntry(status, now))],
      was: result.claimed.message.status
    }
  })
  return {
    ids: rows.map(({ id }) => id),
    conversations: results.map(({ claimed }) => claimed.conversationId),
    registrations: results.map(({ claimed }) => claimed.registrationId),
    refs: results.map(({ decision }) => (decision.kind === 'accepted' ? sanitize(decision.outcome.ref) : null)),
    rows,
    statuses: results.flatMap(statusesOf)
  }
}

/** The statuses that a message reaches, each with its event, and with its outbox item where the CRM knows the message. */
function statusesOf(result: AttemptResult) {
  const { message, registrationId, conversationId } = result.claimed
  const reached: StatusNews[] = [...stepsOf(result).map(status => ({ status })), ...failureNews(result)]
  return reached.map(news => {
    const [item] = statusItems({ ...message, conversationId }, news.status)
    return {
      id: message.id,
      registration: registrationId,
      conversation: conversationId,
      event: statusFacts(message.id, news),
      ...(item ? itemOf(item) : {})
    }
  })
}

/** The statuses that an accepted message reaches at once. */
function stepsOf({ claimed: { message }, decision }: AttemptResult): Status[] {
  const steps: Status[] = []
  for (const event of immediateEvents(decision))
    if (
      event.kind === 'status' &&
      event.status !== 'returned' &&
      isProgress(steps.at(-1) ?? message.status, event.status)
    )
      steps.push(event.status)
  return steps
}
