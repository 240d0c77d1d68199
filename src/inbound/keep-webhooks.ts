import type { WebhookRequest } from 'channel-kit/channel'
import type { GatewayEvent } from 'channel-kit/event'
import { sql } from 'drizzle-orm'
import type { Executor } from '../postgres/connect.ts'
import { faultOf } from '../postgres/fault.ts'
import { sanitizeJson, wordsOf } from '../postgres/sanitize-text.ts'
import { receivedWebhooks } from '../postgres/schema/webhooks.ts'
import { createSealer, type SealedBytes } from '../secrets/sealed-bytes.ts'
import type { KeyWrap } from '../secrets/secrets.ts'
import { packCall, withoutQuotes } from './raw-call.ts'
import type { WebhookDays } from './webhook-days.ts'

/** Calls of gateways as they are kept, to be looked at and replayed. */

/** How a call was read. */
export interface Reading {
  events: readonly GatewayEvent[]
  skipped: Readonly<Record<string, number>>
  /** Why it, or some of it, could not be read. */
  failed: string | null
}

/** A call on its way into its table. */
export interface KeptCall {
  registrationId: number
  /** Greatest length of the body. */
  bytes: number
  events: number
  skipped: Readonly<Record<string, number>>
  failed: string | null
  /** Undefined: it is too large. */
  sealed: SealedBytes | undefined
}

interface Deps {
  /** False: nothing is kept. */
  enabled: boolean
  keys: KeyWrap
  days: WebhookDays
}

/** Bytes of a body above which only the facts of a call are kept. */
const MOST_BODY = 1_048_576
/** Size of a row without its body, with its entries in the indexes. */
const ROW_BYTES = 250

/** Undefined: it is not kept. Calls that are not genuine are never handed to it. */
export type KeepCall = (registrationId: number, request: WebhookRequest, reading: Reading) => KeptCall | undefined

export function createKeeper({ enabled, keys, days }: Deps): KeepCall {
  const seal = createSealer(keys)

  return (registrationId, request, { events, skipped, failed }) => {
    if (!enabled) return undefined
    const bytes = request.body.length
    const packed = bytes > MOST_BODY ? undefined : packCall(request, events)
    if (!days.take(registrationId, ROW_BYTES + (packed?.length ?? 0))) return undefined
    return {
      registrationId,
      bytes,
      ...countsOf({ events, skipped, failed }),
      sealed: packed && seal(packed)
    }
  }
}

/** Notes are the channel's own, and some come with every call. Of a call that brought nothing it is said, too. */
export function countsOf({ events, skipped, failed }: Reading): Pick<KeptCall, 'events' | 'skipped' | 'failed'> {
  const count = events.filter(({ kind }) => kind !== 'note').length
  const isNothing = count === 0 && failed === null && Object.keys(skipped).length === 0
  return { events: count, skipped: isNothing ? { 'nothing in it': 1 } : skipped, failed }
}

/** The reading of a call over which the channel threw. */
export const unreadable = (error: unknown): Reading => ({
  events: [],
  skipped: {},
  failed: withoutQuotes(wordsOf(error))
})

/** The reading of a call from the channel's answer. `wrong`: invalid places of the answer. */
export const readingOf = (
  events: readonly GatewayEvent[],
  skipped: Reading['skipped'],
  wrong: readonly string[]
): Reading => ({
  events,
  skipped,
  failed:
    wrong.length > 0 ? withoutQuotes(`the channel's answer is wrong in ${wrong.length} places: ${wrong[0]}`) : null
})

/** Adds to why a call failed those of its events that the database did not take. */
export function withLeftOut(failed: string | null, leftOut: readonly { error: unknown }[]): string | null {
  if (leftOut.length === 0) return failed
  const text = withoutQuotes(`${leftOut.length} events could not be stored: ${faultOf(leftOut[0]?.error)}`)
  return failed === null ? text : `${failed}; ${text}`
}

/**
 * All in one statement, their bytes as one value: a list of byte strings would be written as a text of twice its length,
 * and read again. The statement has a name, so that it is planned once for each connection.
 */
export async function insertCalls(tx: Executor, calls: readonly KeptCall[]): Promise<void> {
  if (calls.length === 0) return
  let from = 1
  const rows = calls.map(({ registrationId, bytes, events, skipped, failed, sealed }) => {
    const row = {
      registration: registrationId,
      bytes,
      events,
      skipped: Object.keys(skipped).length > 0 ? sanitizeJson(skipped) : null,
      failed,
      from,
      length: sealed?.bytes.length ?? null,
      key: sealed?.key.toString('hex') ?? null,
      keyId: sealed?.keyId ?? null
    }
    from += sealed?.bytes.length ?? 0
    return row
  })
  const all = Buffer.concat(calls.flatMap(({ sealed }) => sealed?.bytes ?? []))
  await tx
    .insert(receivedWebhooks)
    .select(ROWS)
    .prepare('keep_calls')
    .execute({ rows: sanitizeJson(rows), all })
}

/** In the order of the table's columns, all of which the builder names. */
const ROWS = sql`
  select nextval('received_webhooks_id_seq'), given.registration, now(), given.bytes, given.events,
    given.skipped::json, given.failed, null::timestamptz,
    substring(${sql.placeholder('all')}::bytea from given."from" for given.length), decode(given.key, 'hex'), given."keyId"
  from json_to_recordset(${sql.placeholder('rows')}::json) as given(
    registration bigint, bytes int, events int, skipped text, failed text, "from" int, length int, key text, "keyId" text)`
