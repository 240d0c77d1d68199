import type { FastifyBaseLogger } from 'fastify'
import { apart, faultOf, isFault } from '../postgres/fault.ts'
import type { Want } from './fair-share.ts'
import type { QueueItem, WorkSource } from './work-source.ts'

interface Deps<Done> {
  /** Writes down, in the plainest way, that what became of an item could not be stored. */
  setAside: (done: Done, error: unknown) => Promise<void>
  log: Pick<FastifyBaseLogger, 'error'>
}

/**
 * A turn is one step for the items of many tenants. One that fails by what it
 * was given is done in halves, down to the item that fails alone, which is set
 * aside: it would be repeated for ever, and nobody's items would go on. What the
 * database refuses for its own reasons is repeated as a whole by the dispatcher.
 */
export function settlingItemByItem<Taken extends QueueItem, Done>(
  line: WorkSource<Taken, Done>,
  { setAside, log }: Deps<Done>
): WorkSource<Taken, Done> {
  async function turn(
    done: readonly Done[],
    wants: readonly Want[],
    inHand: readonly number[]
  ): Promise<readonly Taken[]> {
    try {
      return await line.settleAndClaim(done, wants, inHand)
    } catch (error) {
      if (!isFault(error)) throw error
      log.error(
        { event: 'queue.turn_failed', reason: faultOf(error) },
        'queue turn failed; its items are settled one by one'
      )
      await apart(done, async some => void (await line.settleAndClaim(some, [], inHand)), setAside)
      return takeApart(wants, inHand)
    }
  }

  /** What was taken is in hand, so it is answered even where the rest could not be. */
  async function takeApart(wants: readonly Want[], inHand: readonly number[]): Promise<readonly Taken[]> {
    const taken: Taken[] = []
    try {
      await apart(
        wants,
        async some => void taken.push(...(await line.settleAndClaim([], some, inHand))),
        async ({ registrationId }, error) =>
          log.error(
            { event: 'queue.claim_failed', registration: registrationId, reason: faultOf(error) },
            'items of a registration cannot be claimed'
          )
      )
    } catch (error) {
      if (taken.length === 0) throw error
    }
    return taken
  }

  return { ...line, settleAndClaim: turn }
}
