import type { GatewayEvent } from 'channel-kit/event'
import { eq } from 'drizzle-orm'
import type { FastifyBaseLogger } from 'fastify'
import { beforeDeadline, type RuntimeOf } from '../channels/call-channel.ts'
import { receivedOf } from '../channels/contract.ts'
import { within } from '../http-client/timeout.ts'
import { type Meter, NO_METER } from '../metrics/meter.ts'
import type { Database, Executor } from '../postgres/connect.ts'
import { receivedWebhooks } from '../postgres/schema/webhooks.ts'
import type { KeyWrap } from '../secrets/secrets.ts'
import { pastOf } from './conversation-memory.ts'
import { ingest } from './ingest.ts'
import { countsOf, type Reading, readingOf, unreadable, withLeftOut } from './keep-webhooks.ts'
import { type CallFilter, openCall, type SealedCall, sealedCalls } from './received-webhooks.ts'

/**
 * Calls of gateways once more, by the channel as it is now: a mended parser brings back what was skipped. What was told
 * before is known by its id, as when a gateway calls twice.
 */

interface Deps {
  database: Pick<Database, 'db'>
  keys: Pick<KeyWrap, 'unwrap'>
  ready: RuntimeOf
  now: () => Date
  /** Is told how many calls brought something that the CRM may have to hear. */
  stored: (count: number) => void
  log: Pick<FastifyBaseLogger, 'error'>
  meter?: Meter
}

interface Replayed {
  /** Calls that were looked at. */
  found: number
  /** The number of these that were read once more. The others have no body, or their registration is not ready. */
  replayed: number
  /** Messages and statuses that the channel made of them, known ones included. */
  events: number
  /** Calls of which something still is no event. */
  skipped: number
  failed: number
  /** The id after which to go on; null: that was all. */
  next: number | null
}

interface Run {
  limit: number
  after?: number | undefined
  /** Begins no other call once it aborts, and says where to go on. */
  enough: AbortSignal
}

export type ReplayCalls = (wanted: CallFilter, run: Run) => Promise<Replayed>

const RECEIVE_MS = 10_000
/** Calls that are read from the database together; each may be of 1 MiB. */
const BATCH = 20

/** In the order in which they came, one after the other, since a later one may quote what an earlier one brought. */
export const createReplay =
  (deps: Deps): ReplayCalls =>
  async (wanted, { limit, after, enough }) => {
    const total: Replayed = { found: 0, replayed: 0, events: 0, skipped: 0, failed: 0, next: null }
    let last = after ?? 0
    for await (const call of callsAfter(deps.database, wanted, last)) {
      if (total.found === limit || enough.aborted) return { ...total, next: last }
      count(total, await replayed(deps, call))
      last = call.id
    }
    return total
  }

async function* callsAfter(database: Deps['database'], wanted: CallFilter, after: number): AsyncGenerator<SealedCall> {
  for (let last = after; ; ) {
    const calls = await sealedCalls(database, wanted, { limit: BATCH, after: last })
    yield* calls
    const end = calls.at(-1)
    if (!end) return
    last = end.id
  }
}

function count(total: Replayed, counts: Counts | undefined): void {
  total.found += 1
  if (!counts) return
  total.replayed += 1
  total.events += counts.events
  total.skipped += Number(Object.keys(counts.skipped).length > 0)
  total.failed += Number(counts.failed !== null)
}

type Counts = ReturnType<typeof countsOf>

/** Undefined: it cannot be read now, and stays as it is. */
async function replayed(
  { database, keys, ready, now, stored, log, meter = NO_METER }: Deps,
  call: SealedCall
): Promise<Counts | undefined> {
  const { registrationId, receivedAt } = call
  const reading = await within(RECEIVE_MS, deadline => read({ keys, ready }, call, deadline))
  if (!reading) return undefined
  const all = reading.events.flatMap(event => asThen(event, receivedAt)).map(event => ({ registrationId, event }))
  let counts = countsOf(reading)
  await ingest({ database, now, log, firstEarly: true, late: true, meter }, all, (tx, leftOut) => {
    counts = { ...counts, failed: withLeftOut(counts.failed, leftOut) }
    return save(tx, call.id, counts, now())
  })
  if (all.length > 0) stored(1)
  return counts
}

async function read(
  { keys, ready }: Pick<Deps, 'keys' | 'ready'>,
  call: SealedCall,
  deadline: AbortSignal
): Promise<Reading | undefined> {
  const target = await ready(call.registrationId, deadline)
  if (!target.ok) return undefined
  const { tools, naming, channel } = target.value
  const { webhook } = channel
  try {
    const opened = openCall(keys, call)
    if (!opened || !webhook) return undefined
    // The call was genuine when it came; the secret that proved it may have been replaced since.
    const answer = await beforeDeadline(deadline, () =>
      webhook.receive(opened.request, { ...tools, now: () => call.receivedAt })
    )
    const { events, skipped, wrong } = receivedOf(answer, tools.log)
    return readingOf(naming(events), skipped, wrong)
  } catch (error) {
    return unreadable(error)
  }
}

const save = (tx: Executor, id: number, { events, skipped, failed }: Counts, at: Date) =>
  tx
    .update(receivedWebhooks)
    .set({ events, skipped: Object.keys(skipped).length > 0 ? skipped : null, failed, replayedAt: at })
    .where(eq(receivedWebhooks.id, id))

/**
 * Keeps of an event what holds for good. A message is as old as its call. What a channel wants to remember, its notes and new
 * names of contacts would replace newer ones; an automatic answer would come days late, and so would
 * news of the account.
 */
function asThen(event: GatewayEvent, receivedAt: Date): GatewayEvent[] {
  switch (event.kind) {
    case 'message': {
      const { remember: _, at, ...rest } = event
      return [{ ...rest, at: pastOf(at, receivedAt).at }]
    }
    case 'status': {
      const { remember: _, ...rest } = event
      return [rest]
    }
    case 'either':
      return [{ ...event, statuses: event.statuses.map(({ remember: _, ...rest }) => rest) }]
    case 'consent':
      // The customer may have opted out since he opted in.
      return event.isGiven ? [] : [event]
    case 'answer':
    case 'note':
    case 'renamed':
    case 'template':
    case 'quality':
      return []
  }
}
