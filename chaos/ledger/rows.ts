import { eq, isNull, ne, sql } from 'drizzle-orm'
import type { Database } from '../../src/database/connect.ts'
import { earlyStatuses } from '../../src/database/kept.ts'
import { lots } from '../../src/database/lot-tables.ts'
import { messages, outbox, registrations } from '../../src/database/schema.ts'
import type { Gateway } from '../gateways/gateway.ts'

/** What the hosts wrote down, which the ledger compares with what others saw. */
export type Rows = Awaited<ReturnType<typeof readRows>>

export async function readRows({ db }: Pick<Database, 'db'>, { refIn = ref => ref }: Pick<Gateway, 'refIn'>) {
  const stored = await db
    .select({ account: registrations.pluginId, message: messages })
    .from(messages)
    .innerJoin(registrations, eq(registrations.id, messages.registrationId))
  const untold = await db
    .select({ kind: outbox.kind, state: outbox.state })
    .from(outbox)
    .where(ne(outbox.state, 'delivered'))
  const rows = stored.map(({ account, message }) => ({
    ...message,
    account,
    ref: message.ref === null ? null : refIn(message.ref)
  }))
  return { messages: new Map(rows.map(row => [row.crmId ?? '', row])), untold }
}

/** What is still to be done, in words; empty when everything has settled. */
export async function leftOver({ db }: Pick<Database, 'db'>): Promise<string[]> {
  const counts = {
    'messages to send': await db.$count(messages, sql`${messages.state} in ('waiting', 'sending', 'gathered')`),
    'lots to end': await db.$count(lots, isNull(lots.endedAt)),
    'things to tell the CRM': await db.$count(outbox, eq(outbox.state, 'waiting')),
    'messages with foreseen events': await db.$count(messages, sql`${messages.later} is not null`),
    'early statuses of known messages': await db.$count(
      earlyStatuses,
      sql`exists (select from ${messages} m where m.registration_id = ${earlyStatuses.registrationId} and m.ref = ${earlyStatuses.ref})`
    )
  }
  return Object.entries(counts).flatMap(([what, count]) => (count > 0 ? [`${count} ${what}`] : []))
}
