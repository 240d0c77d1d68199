import type { GatewayEvent, QualityEvent, TemplateEvent } from 'channel-kit/event'
import { and, eq, inArray } from 'drizzle-orm'
import { TOLD_NOTE } from '../channels/notes.ts'
import type { NewEvent } from '../events/event.ts'
import type { Executor } from '../postgres/connect.ts'
import { notes } from '../postgres/schema/registrations.ts'
import type { ReportedEvent } from './match-messages.ts'

/**
 * News of an account: changes of its templates and of how its gateway rates it, which go to the feed alone. They have no
 * conversation, so their order rests on the registration, which the caller locks as `registrationLock` says.
 */

/** Refs of news that a registration keeps, to know repeats: gateways repeat a call within days, and news are rare. */
const MAX_KEPT = 100

export const isAccountNews = (event: GatewayEvent): event is TemplateEvent | QualityEvent =>
  event.kind === 'template' || event.kind === 'quality'

/**
 * The lock of registrations for a transaction that stores these events. `share` is enough for all that has a conversation,
 * and keeps no other call waiting. It cannot become the stronger one later: two transactions that hold `share` would wait
 * for each other.
 */
export const registrationLock = (events: readonly GatewayEvent[]): 'share' | 'no key update' =>
  events.some(isAccountNews) ? 'no key update' : 'share'

/** Events of the feed for news that were not told before. */
export async function accountNews(tx: Executor, all: readonly ReportedEvent[], now: Date): Promise<NewEvent[]> {
  const news = all.flatMap(({ registrationId, event }) => (isAccountNews(event) ? [{ registrationId, event }] : []))
  if (news.length === 0) return []
  const told = await toldRefs(
    tx,
    news.map(({ registrationId }) => registrationId)
  )
  const fresh = news.filter(({ registrationId, event: { ref } }) => {
    const refs = told.get(registrationId) ?? new Set()
    told.set(registrationId, refs)
    return !refs.has(ref) && refs.add(ref)
  })
  for (const registrationId of new Set(fresh.map(one => one.registrationId))) {
    const value = { value: [...(told.get(registrationId) ?? [])].slice(-MAX_KEPT) }
    await tx
      .insert(notes)
      .values({ registrationId, name: TOLD_NOTE, value, at: now })
      .onConflictDoUpdate({ target: [notes.registrationId, notes.name], set: { value, at: now } })
  }
  return fresh.map(({ registrationId, event }) => ({ registrationId, ...newsOf(event) }))
}

async function toldRefs(tx: Executor, registrationIds: readonly number[]): Promise<Map<number, Set<unknown>>> {
  const rows = await tx
    .select({ registrationId: notes.registrationId, value: notes.value })
    .from(notes)
    .where(and(inArray(notes.registrationId, [...new Set(registrationIds)]), eq(notes.name, TOLD_NOTE)))
  return new Map(
    rows.map(({ registrationId, value: { value } }) => [registrationId, new Set(Array.isArray(value) ? value : [])])
  )
}

/** Fields that the kit has checked, and no others that a channel may have added. */
function newsOf(event: TemplateEvent | QualityEvent): Pick<NewEvent, 'type' | 'body'> {
  if (event.kind === 'template') {
    const { change, name, language, status, reason, category, categoryBefore, categoryNext } = event
    const body = { change, name, language, status, reason, category, categoryBefore, categoryNext }
    return { type: 'template.changed', body }
  }
  const { of, name, language, event: what, from, to, limit, limitBefore } = event
  return { type: 'quality.changed', body: { of, name, language, event: what, from, to, limit, limitBefore } }
}
