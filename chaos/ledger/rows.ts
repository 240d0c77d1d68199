import { and, eq, isNull, ne, not, type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import type { Database } from '../../src/postgres/connect.ts'
import { lots } from '../../src/postgres/schema/lots.ts'
import { messages } from '../../src/postgres/schema/messages.ts'
import { outbox } from '../../src/postgres/schema/outbox.ts'
import { registrations } from '../../src/postgres/schema/registrations.ts'
import { earlyStatuses } from '../../src/postgres/schema/statuses.ts'
import type { Gateway } from '../gateways/gateway.ts'
import { HOSTILE } from '../hostile/channel.ts'

/** Rows of the hosts, which the ledger compares with what others saw. */
export type Rows = Awaited<ReturnType<typeof readRows>>

export async function readRows({ db }: Pick<Database, 'db'>, { refIn = ref => ref }: Pick<Gateway, 'refIn'>) {
  const stored = await db
    .select({ account: registrations.pluginId, message: messages })
    .from(messages)
    .innerJoin(registrations, eq(registrations.id, messages.registrationId))
    .where(ne(registrations.channel, HOSTILE))
  const untold = await db
    .select({ kind: outbox.kind, state: outbox.state })
    .from(outbox)
    .where(and(ne(outbox.state, 'delivered'), not(ofHostile(outbox.registrationId))))
  const rows = stored.map(({ account, message }) => ({
    ...message,
    account,
    ref: message.ref === null ? null : refIn(message.ref)
  }))
  return { messages: new Map(rows.map(row => [row.crmId ?? row.clientId ?? '', row])), untold }
}

/** The rest is about the others, whose CRM listens. */
const ofHostile = (registrationId: SQLWrapper): SQL =>
  sql`${registrationId} in (select r.id from ${registrations} r where r.channel = ${HOSTILE})`

const UNSETTLED = sql`${messages.state} in ('waiting', 'sending', 'gathered')`

/** Messages of the tenant that means harm that have not ended. */
export const hostileOpen = ({ db }: Pick<Database, 'db'>): Promise<number> =>
  db.$count(messages, and(UNSETTLED, ofHostile(messages.registrationId)))

/** Work that is still open, in words; empty when everything has settled. */
export async function leftOver({ db }: Pick<Database, 'db'>): Promise<string[]> {
  const other = (registrationId: SQLWrapper, what: SQL) => and(what, not(ofHostile(registrationId)))
  const counts = {
    'messages to send': await db.$count(messages, other(messages.registrationId, UNSETTLED)),
    'lots to end': await db.$count(lots, isNull(lots.endedAt)),
    'things to tell the CRM': await db.$count(outbox, other(outbox.registrationId, eq(outbox.state, 'waiting'))),
    'messages with foreseen events': await db.$count(
      messages,
      other(messages.registrationId, sql`${messages.later} is not null`)
    ),
    'early statuses of known messages': await db.$count(
      earlyStatuses,
      sql`exists (select from ${messages} m where m.registration_id = ${earlyStatuses.registrationId} and m.ref = ${earlyStatuses.ref})`
    )
  }
  return Object.entries(counts).flatMap(([what, count]) => (count > 0 ? [`${count} ${what}`] : []))
}
