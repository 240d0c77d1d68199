import { eq, sql } from 'drizzle-orm'
import { bigints } from '../postgres/ids.ts'
import { lotItems } from '../postgres/schema/lots.ts'
import { messages } from '../postgres/schema/messages.ts'
import type { ReadyLot } from './step.ts'

interface Call {
  from: Date
  until: Date
  attempt: number
  outcome: string
}

/** Writes a call that added items to a lot into the trace of each of their messages. */
export async function traceItems(
  { work: { database, tracing }, lot: { id: lot, registrationId }, target: { channel } }: ReadyLot,
  items: readonly { id: number }[],
  { from, until, attempt, outcome }: Call
): Promise<void> {
  if (!tracing?.enabled) return
  const traced = await database.db
    .select({ message: messages.id, traceparent: messages.traceparent, dueAt: messages.dueAt })
    .from(lotItems)
    .innerJoin(messages, eq(messages.id, lotItems.messageId))
    .where(sql`${lotItems.id} = any(${bigints(items.map(({ id }) => id))})`)
  for (const { message, traceparent, dueAt } of traced) {
    const attributes = {
      ...{ 'chat.channel': channel.name, 'chat.registration': registrationId, 'chat.message': message },
      ...{ 'chat.lot': lot, 'chat.attempt': attempt, 'chat.outcome': outcome === 'added' ? 'accepted' : outcome }
    }
    if (attempt === 1) tracing.write({ name: 'queue wait', traceparent, from: dueAt, until: from, attributes })
    tracing.write({
      ...{ name: 'gateway call', traceparent, from, until, attributes },
      failed: outcome !== 'added'
    })
  }
}
