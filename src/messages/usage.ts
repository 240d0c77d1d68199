import { and, eq, gte, lt, type SQL, sql } from 'drizzle-orm'
import type { Executor } from '../postgres/connect.ts'
import { messageParts, messages } from '../postgres/schema/messages.ts'
import { FAILED } from './replay.ts'

/** Usage: messages that were sent or failed in a time, and what gateways charged for them. */

export const USAGE_BY = ['day', 'registration', 'tag', 'category'] as const

type UsageBy = (typeof USAGE_BY)[number]

interface UsageFilter {
  by: readonly UsageBy[]
  registrationId: number | undefined
  /** Settled since, and before. */
  since: Date
  until: Date
  limit: number
}

export interface UsageRow {
  /** In UTC, as 2026-01-31. */
  day: string | null
  registration: number | null
  tag: string | null
  category: string | null
  /** The thing that is counted; null: the gateway has told no price. */
  unit: string | null
  currency: string | null
  /** A message in several parts, each of which has a price, is counted beside these. */
  messages: number
  failed: number
  count: number
  amount: number
}

const DIMENSIONS = {
  day: sql`to_char(charged.settled_at at time zone 'UTC', 'YYYY-MM-DD')`,
  registration: sql`charged.registration_id`,
  tag: sql`charged.tag`,
  category: sql`charged.cost ->> 'category'`
} satisfies Record<UsageBy, SQL>

/** By unit and currency, and by what is asked for besides; the largest numbers of messages first. */
export async function usageOf(
  tx: Executor,
  { by, registrationId, since, until, limit }: UsageFilter
): Promise<UsageRow[]> {
  const dimension = (name: UsageBy) =>
    sql`${by.includes(name) ? DIMENSIONS[name] : sql`null`} as ${sql.identifier(name)}`
  const { rows } = await tx.execute<UsageRow & Record<string, unknown>>(sql`
    with settled as (
      select ${messages.id}, ${messages.registrationId}, ${messages.tag}, ${messages.settledAt}, ${messages.cost},
        ${messages.inParts}, ${FAILED} failed
      from ${messages}
      where ${and(
        gte(messages.settledAt, since),
        lt(messages.settledAt, until),
        registrationId === undefined ? undefined : eq(messages.registrationId, registrationId)
      )}
    ), charged as (
      select registration_id, tag, settled_at, cost, 1 messages, failed::int failed from settled
      union all
      select s.registration_id, s.tag, s.settled_at, p.cost, 0, 0
      from settled s join ${messageParts} p on p.message_id = s.id where s.in_parts and p.cost is not null and not p.dropped
    )
    select ${sql.join(USAGE_BY.map(dimension), sql`, `)}, charged.cost ->> 'unit' unit, charged.cost ->> 'currency' currency,
      sum(charged.messages)::int messages, sum(charged.failed)::int failed,
      coalesce(sum(coalesce((charged.cost ->> 'count')::float8, 1)) filter (where charged.cost is not null), 0) count,
      coalesce(sum((charged.cost ->> 'amount')::numeric), 0)::float8 amount
    from charged group by 1, 2, 3, 4, 5, 6 order by messages desc, 1, 2, 3, 4, 5, 6 limit ${limit}`)
  return rows.map(row => ({ ...row, registration: row.registration === null ? null : Number(row.registration) }))
}
