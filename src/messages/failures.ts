import { and, desc, eq, gte, isNotNull, isNull, lt, or, sql } from 'drizzle-orm'
import type { Executor } from '../postgres/connect.ts'
import { operations } from '../postgres/schema/api.ts'
import { conversations } from '../postgres/schema/conversations.ts'
import { messages } from '../postgres/schema/messages.ts'
import { registrations } from '../postgres/schema/registrations.ts'
import type { AskedMessages } from './queries.ts'

/** Failed messages by what they failed of: groups of one channel, one reason and one code of the gateway. */

interface WantedFailures {
  registrationId?: number | undefined
  channel?: string | undefined
  /** Failed since, and before. A message that the gateway took, and failed later, counts when it was taken. */
  since: Date
  until?: Date | undefined
  limit: number
}

export type Failure = Awaited<ReturnType<typeof listFailures>>[number]

/** The most frequent first. Counted from the index of failures alone; only the sample of each is read. */
export function listFailures(tx: Executor, { registrationId, channel, since, until, limit }: WantedFailures) {
  const count = sql<number>`count(*)::int`
  const groups = tx
    .select({
      channel: registrations.channel,
      failure: messages.failure,
      count: count.as('failures'),
      firstAt: sql`min(${messages.settledAt})`.mapWith(messages.settledAt).as('first_at'),
      lastAt: sql`max(${messages.settledAt})`.mapWith(messages.settledAt).as('last_at'),
      sample: sql<number>`max(${messages.id})`.mapWith(Number).as('sample')
    })
    .from(messages)
    .innerJoin(registrations, eq(registrations.id, messages.registrationId))
    .where(
      and(
        isNotNull(messages.failure),
        registrationId === undefined ? undefined : eq(messages.registrationId, registrationId),
        channel === undefined ? undefined : eq(registrations.channel, channel),
        gte(messages.settledAt, since),
        until && lt(messages.settledAt, until)
      )
    )
    .groupBy(registrations.channel, messages.failure)
    .orderBy(desc(count), messages.failure)
    .limit(limit)
    .as('groups')
  return tx
    .select({
      channel: groups.channel,
      failure: sql<string>`${groups.failure}`,
      count: groups.count,
      firstAt: groups.firstAt,
      lastAt: groups.lastAt,
      reason: sql<string | null>`failure_reason(${messages.reason})`,
      code: messages.code,
      sample: {
        id: messages.id,
        contact: conversations.contact,
        registration: messages.registrationId,
        reason: messages.reason
      }
    })
    .from(groups)
    .innerJoin(messages, eq(messages.id, groups.sample))
    .innerJoin(conversations, eq(conversations.id, messages.conversationId))
    .orderBy(desc(groups.count), groups.failure)
}

/**
 * The running replays of groups: those of other filters are left out. `only`: the one registration that may be seen, whose
 * reader learns nothing of replays of all registrations.
 */
export async function replaysOfGroups(
  tx: Executor,
  { registrationId, only }: Pick<WantedFailures, 'registrationId'> & { only: number | null }
) {
  const running = await tx
    .select({ id: operations.id, request: operations.request })
    .from(operations)
    .where(
      and(
        eq(operations.state, 'running'),
        registrationId === undefined
          ? undefined
          : or(
              eq(operations.registrationId, registrationId),
              only === null ? isNull(operations.registrationId) : undefined
            )
      )
    )
    .orderBy(desc(operations.id))
  const groups = running.flatMap(({ id, request }) => {
    const { failure, channel } = (request.filter ?? {}) as AskedMessages
    return failure === undefined ? [] : [{ id, failure, channel }]
  })
  return ({ failure, channel }: Pick<Failure, 'failure' | 'channel'>): number | null =>
    groups.find(one => one.failure === failure && (one.channel ?? channel) === channel)?.id ?? null
}
