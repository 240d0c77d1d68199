import { and, eq } from 'drizzle-orm'
import type { Database } from '../postgres/connect.ts'
import { messages } from '../postgres/schema/messages.ts'
import type { Tracing } from '../tracing/spans.ts'
import type { ClaimedItem } from './source.ts'

interface Call {
  from: Date
  until: Date
  result: string
}

/** Writes the offer of a status to the CRM into the trace of its message. The status of one that has been removed is in no trace. */
export async function traceCall(
  { db }: Pick<Database, 'db'>,
  tracing: Pick<Tracing, 'write'>,
  { id, registrationId, kind, body, attempts }: ClaimedItem,
  { from, until, result }: Call
): Promise<void> {
  if (kind !== 'status' || !('id' in body)) return
  const [message] = await db
    .select({ id: messages.id, traceparent: messages.traceparent })
    .from(messages)
    .where(and(eq(messages.registrationId, registrationId), eq(messages.crmId, String(body.id))))
  if (!message?.traceparent) return
  tracing.write({
    ...{ name: 'CRM call', traceparent: message.traceparent, from, until },
    attributes: {
      ...{ 'chat.registration': registrationId, 'chat.message': message.id, 'chat.outbox_item': id },
      ...{
        'chat.status': 'status' in body ? String(body.status) : '',
        'chat.attempt': attempts + 1,
        'chat.outcome': result
      }
    },
    failed: result !== 'delivered'
  })
}
