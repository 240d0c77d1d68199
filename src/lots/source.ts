import type { RuntimeOf } from '../channels/call-channel.ts'
import { preparedOf } from '../channels/contract.ts'
import type { AttemptResult, ClaimedMessage } from '../delivery/attempt.ts'
import type { RetryPolicy } from '../delivery/retry-policy.ts'
import { createSender } from '../delivery/send-attempt.ts'
import { type Meter, NO_METER } from '../metrics/meter.ts'
import type { Database } from '../postgres/connect.ts'
import { success } from '../protocol/result.ts'
import type { WorkSource } from '../queue/work-source.ts'
import { NO_TRACING, type Tracing } from '../tracing/spans.ts'
import type { Gathered } from './place.ts'
import { collect } from './states/collecting.ts'

/** The source of messages where channels have lots: a claimed message is prepared and collected into a lot, not sent. */

interface Deps {
  database: Pick<Database, 'db'>
  /** The source of messages as it is without lots. */
  messageSource: WorkSource<ClaimedMessage, AttemptResult>
  ready: RuntimeOf
  policy: RetryPolicy & { timeoutMs: number }
  /** True: the channel of the registration has lots. */
  hasLots: (registrationId: number) => Promise<boolean>
  now: () => Date
  meter?: Meter
  tracing?: Pick<Tracing, 'write'>
}

/** Messages that are sent by themselves are left to the message source, as are all of a channel without lots. */
export function lotSource({
  database,
  messageSource,
  ready,
  policy,
  hasLots,
  now,
  meter = NO_METER,
  tracing = NO_TRACING
}: Deps): WorkSource<ClaimedMessage, AttemptResult | Gathered> {
  const withLots = new Map<number, boolean>()
  const gather = createGather({ ready, policy, now, meter, tracing })

  return {
    async claim(ids) {
      const claimed = await messageSource.claim(ids)
      for (const { registrationId: id } of claimed) if (!withLots.has(id)) withLots.set(id, await hasLots(id))
      return claimed
    },
    process: claimed => (withLots.get(claimed.registrationId) ? gather(claimed) : messageSource.process(claimed)),
    async settleAndClaim(done, wants, inHand) {
      const gathered = done.filter(one => 'prepared' in one)
      // In a transaction of its own: the turn of the message source may fail and be repeated, and has no part in it.
      if (gathered.length > 0) await database.db.transaction(tx => collect(tx, gathered, now()))
      return messageSource.settleAndClaim(
        done.filter(one => 'decision' in one),
        wants,
        inHand
      )
    },
    release: messageSource.release,
    handOff: messageSource.handOff,
    claimed: messageSource.claimed
  }
}

const INTERRUPTED = 'a host was stopped while it was sending'

/** Preparing is an attempt like sending: it has a deadline, may throw, and a refusal is an outcome. */
const createGather =
  ({ ready, policy, now, meter, tracing }: Required<Pick<Deps, 'ready' | 'policy' | 'now' | 'meter' | 'tracing'>>) =>
  async (claimed: ClaimedMessage): Promise<AttemptResult | Gathered> => {
    let gathered: Gathered | undefined
    const preparing: RuntimeOf = async (id, signal) => {
      const runtime = await ready(id, signal)
      if (!runtime.ok || !runtime.value.channel.lots || claimed.message.alone) return runtime
      const { channel } = runtime.value
      const { lots } = runtime.value.channel
      return success({
        ...runtime.value,
        channel: {
          ...channel,
          async send(message, tools) {
            const prepared = preparedOf(await lots.prepare(message, tools))
            if (prepared.kind === 'alone')
              return claimed.interrupted ? { kind: 'unknown', reason: INTERRUPTED } : channel.send(message, tools)
            if (prepared.kind === 'rejected') return prepared
            gathered = { claimed, prepared, limits: lots.limits(tools.settings, prepared.key) }
            return { kind: 'retry', reason: 'it is in a lot' }
          }
        }
      })
    }
    // Only being prepared is no attempt, and no call.
    const ofCalls: Meter = {
      ...meter,
      attempted: (...counted) => (gathered ? undefined : meter.attempted(...counted)),
      called: (...counted) => (gathered ? undefined : meter.called(...counted))
    }
    const ofAttempts: Pick<Tracing, 'write'> = { write: span => (gathered ? undefined : tracing.write(span)) }
    // A message that was only being prepared has not left.
    const result = await createSender({ ready: preparing, policy, now, meter: ofCalls, tracing: ofAttempts })(
      claimed.message.alone ? claimed : { ...claimed, interrupted: false }
    )
    return gathered ?? { ...result, claimed }
  }
