import { sql } from 'drizzle-orm'
import type { Executor } from '../postgres/connect.ts'
import { conversations } from '../postgres/schema/conversations.ts'
import { DEAD_AFTER_S, hosts } from '../postgres/schema/hosts.ts'
import { lots } from '../postgres/schema/lots.ts'
import { messages } from '../postgres/schema/messages.ts'
import { outbox } from '../postgres/schema/outbox.ts'
import { registrations } from '../postgres/schema/registrations.ts'
import type { Lane } from './meter.ts'

/** Figures of the whole database, over all hosts. */

export const REGISTRATION_STATES = ['active', 'paused', 'archived'] as const

export interface Figures {
  waiting: { channel: string; class: Lane; count: number }[]
  oldest: { channel: string; seconds: number }[]
  outbox: { waiting: number; oldest: number }
  lots: { state: string; count: number }[]
  registrations: { channel: string; state: (typeof REGISTRATION_STATES)[number]; count: number }[]
  hosts: number
}

const PAUSED = sql`greatest(r.paused_until, r.operator_paused_until) > now()`

/** Not settled ones, by the partial index of them: also those in hand, in lots, and scheduled for later. */
const WAITING = sql`
  select coalesce(json_agg(w), '[]') from (
    select r.channel, case when m.bulk then 'bulk' else 'normal' end "class", sum(m.count)::int "count"
    from (
      select registration_id, bulk, count(*) from ${messages} where settled_at is null group by 1, 2
    ) m join ${registrations} r on r.id = m.registration_id
    group by 1, 2) w`

/** For how long the next message of a conversation has been due: two looks into an index for each registration that may send. */
const OLDEST = sql`
  select coalesce(json_agg(o), '[]') from (
    select r.channel, max(extract(epoch from now() - due.at))::float8 seconds
    from ${registrations} r cross join (values (false), (true)) lane(bulk) cross join lateral (
      select c.sending_due at from ${conversations} c
      where c.registration_id = r.id and c.sending_bulk = lane.bulk and c.sending_due <= now()
      order by c.sending_due limit 1
    ) due
    where ${PAUSED} is not true group by 1) o`

/** Items that an archived registration keeps for later are not overdue. */
const OUTBOX = sql`
  select json_build_object(
    'waiting', coalesce(sum(i.count), 0)::int,
    'oldest', coalesce(extract(epoch from now() - min(i.since) filter (where r.archived_at is null)), 0)::float8)
  from (
    select registration_id, count(*), min(offered_since) since from ${outbox} where settled_at is null group by 1
  ) i join ${registrations} r on r.id = i.registration_id`

/** Open ones, and those that ended within the last hour. */
const LOTS = sql`
  select coalesce(json_agg(l), '[]') from (
    select state, count(*)::int "count" from ${lots}
    where ended_at is null or ended_at > now() - interval '1 hour' group by 1) l`

const REGISTRATIONS = sql`
  select coalesce(json_agg(s), '[]') from (
    select r.channel, case when r.archived_at is not null then 'archived' when ${PAUSED} then 'paused' else 'active' end state,
      count(*)::int "count"
    from ${registrations} r group by 1, 2) s`

const HOSTS = sql`select count(*)::int from ${hosts} where seen_at > now() - make_interval(secs => ${DEAD_AFTER_S})`

/** In one statement, so that all of them are of one moment. */
export async function readFigures(tx: Executor): Promise<Figures> {
  const { rows } = await tx.execute<{ figures: Figures }>(sql`select json_build_object(
    'waiting', (${WAITING}), 'oldest', (${OLDEST}), 'outbox', (${OUTBOX}), 'lots', (${LOTS}),
    'registrations', (${REGISTRATIONS}), 'hosts', (${HOSTS})) figures`)
  const [row] = rows
  if (!row) throw new Error('The figures have no row')
  return row.figures
}
