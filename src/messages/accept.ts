import { erasedJson } from '../contacts/contact-key.ts'
import { type Meter, NO_METER } from '../metrics/meter.ts'
import { createBatcher } from '../postgres/batch.ts'
import type { Database } from '../postgres/connect.ts'
import { callRoutine, readRoutine } from '../postgres/sql-routine.ts'
import type { Posted } from '../protocol/chat.ts'

/**
 * Accepts a message. Resolves when it is stored for good. `other`: another name of the same contact, such as a number without
 * its plus. `contactKey`: the registration's, where it has erased contacts that were suppressed. `traceparent`: the span in which
 * it was posted.
 */
export type Accept = (
  registrationId: number,
  posted: Posted,
  other?: string | null,
  contactKey?: string | null,
  traceparent?: string | null
) => Promise<void>

export const ACCEPT = readRoutine(new URL('./accept.sql', import.meta.url), 'accept_messages')

interface Arrival {
  registrationId: number
  posted: Posted
  other: string | null
  contactKey: string | null
  traceparent: string | null
}

/** Messages stored together at most. */
const MOST_TOGETHER = 500

/**
 * Stores messages and wakes a host for them, in one transaction, so that a 202 is
 * never given for a message that no host will send.
 */
export function createAccept(
  { pool }: Pick<Database, 'pool'>,
  now: () => Date,
  stored: (count: number) => void,
  meter: Meter = NO_METER
): Accept {
  const accept = createBatcher(async (arrivals: readonly Arrival[]) => {
    await callRoutine(pool, ACCEPT, [
      arrivals.map(({ registrationId }) => registrationId),
      arrivals.map(({ posted }) => posted.contact),
      arrivals.map(({ other }) => other),
      arrivals.map(({ posted }) => posted.crmId),
      JSON.stringify(arrivals.map(({ posted: { crmId: _, chatId: __, ...body } }) => body)),
      erasedJson(arrivals.map(({ contactKey, posted: { contact } }) => ({ contactKey, contact }))),
      arrivals.map(({ traceparent }) => traceparent),
      now()
    ])
    stored(arrivals.length)
    for (const { registrationId } of arrivals) meter.accepted(registrationId, 'normal')
    return arrivals.map(() => undefined)
  }, MOST_TOGETHER)

  return (registrationId, posted, other = null, contactKey = null, traceparent = null) =>
    accept({ registrationId, posted, other, contactKey, traceparent })
}
