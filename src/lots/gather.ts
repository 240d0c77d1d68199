import type { RuntimeOf } from '../channels/call-channel.ts'
import { preparedOf } from '../channels/contract.ts'
import type { AttemptResult, ClaimedMessage } from '../delivery/attempt.ts'
import type { RetryPolicy } from '../delivery/retry-policy.ts'
import { createSender } from '../delivery/send-attempt.ts'
import type { Database } from '../postgres/connect.ts'
import type { WorkSource } from '../queue/work-source.ts'
import { collect } from './collect.ts'
import type { Gathered } from './gathered-message.ts'

/** Where a message would be sent, one of a channel with lots is put into a lot instead. */

interface Deps {
  database: Pick<Database, 'db'>
  /** The line of messages as it is without lots. */
  line: WorkSource<ClaimedMessage, AttemptResult>
  ready: RuntimeOf
  policy: RetryPolicy & { timeoutMs: number }
  /** Whether a registration's channel has lots. */
  gathers: (registrationId: number) => Promise<boolean>
  now: () => Date
}

/** What goes by itself is the inner line's, and of a channel without lots that is everything. */
export function lotSource({
  database,
  line,
  ready,
  policy,
  gathers,
  now
}: Deps): WorkSource<ClaimedMessage, AttemptResult | Gathered> {
  const known = new Map<number, boolean>()
  const gather = gatherer(ready, policy, now)

  return {
    async claim(ids) {
      const claimed = await line.claim(ids)
      for (const { registrationId: id } of claimed) if (!known.has(id)) known.set(id, await gathers(id))
      return claimed
    },
    process: taken => (known.get(taken.registrationId) ? gather(taken) : line.process(taken)),
    async settleAndClaim(done, wants, inHand) {
      const gathered = done.filter(one => 'prepared' in one)
      // By itself, and once: what is collected is not the line's any more should its own turn fail and be repeated.
      if (gathered.length > 0) await database.db.transaction(tx => collect(tx, gathered, now()))
      return line.settleAndClaim(
        done.filter(one => 'decision' in one),
        wants,
        inHand
      )
    },
    release: line.release,
    handOff: line.handOff,
    claimed: line.claimed
  }
}

const INTERRUPTED = 'a host was stopped while it was sending'

/** Preparing is an attempt like sending: it has a deadline, may throw, and a refusal is an outcome. */
const gatherer =
  (ready: RuntimeOf, policy: Deps['policy'], now: () => Date) =>
  async (taken: ClaimedMessage): Promise<AttemptResult | Gathered> => {
    let gathered: Gathered | undefined
    const preparing: RuntimeOf = async (id, signal) => {
      const target = await ready(id, signal)
      if (target.kind === 'unready' || !target.channel.lots || taken.message.alone) return target
      const { channel } = target
      const { lots } = target.channel
      return {
        ...target,
        channel: {
          ...channel,
          async send(message, tools) {
            const prepared = preparedOf(await lots.prepare(message, tools))
            if (prepared.kind === 'alone')
              return taken.interrupted ? { kind: 'unknown', reason: INTERRUPTED } : channel.send(message, tools)
            if (prepared.kind === 'rejected') return prepared
            gathered = { claimed: taken, prepared, limits: lots.limits(tools.settings, prepared.key) }
            return { kind: 'retry', reason: 'it is in a lot' }
          }
        }
      }
    }
    // A message that was only being prepared has not left.
    const ended = await createSender({ ready: preparing, policy, now })(
      taken.message.alone ? taken : { ...taken, interrupted: false }
    )
    return gathered ?? { ...ended, claimed: taken }
  }
