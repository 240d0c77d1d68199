import type { FastifyBaseLogger } from 'fastify'
import { apart, faultOf, isFault } from '../postgres/fault.ts'
import type { Want } from './fair-share.ts'
import type { QueueItem, WorkSource } from './work-source.ts'

interface Deps<Done> {
  /** Saves, in the simplest way, that an item's result could not be stored. */
  setAside: (done: Done, error: unknown) => Promise<void>
  log: Pick<FastifyBaseLogger, 'error'>
}

/**
 * A turn is one step for the items of many registrations. A turn that fails by its input is done in halves, down to the
 * item that fails alone, which is set aside: the turn would otherwise be repeated for ever, and hold up all items. A
 * turn that the database refuses for its own reasons is repeated as a whole by the dispatcher.
 */
export function settlingItemByItem<Taken extends QueueItem, Done>(
  source: WorkSource<Taken, Done>,
  { setAside, log }: Deps<Done>
): WorkSource<Taken, Done> {
  async function turn(
    done: readonly Done[],
    wants: readonly Want[],
    inHand: readonly number[]
  ): Promise<readonly Taken[]> {
    try {
      return await source.settleAndClaim(done, wants, inHand)
    } catch (error) {
      if (!isFault(error)) throw error
      log.error(
        { event: 'queue.turn_failed', reason: faultOf(error) },
        'queue turn failed; its items are settled one by one'
      )
      await apart(done, async some => void (await source.settleAndClaim(some, [], inHand)), setAside)
      return takeApart(wants, inHand)
    }
  }

  /** Returns the items that could be taken even if others could not: they are in hand. */
  async function takeApart(wants: readonly Want[], inHand: readonly number[]): Promise<readonly Taken[]> {
    const taken: Taken[] = []
    try {
      await apart(
        wants,
        async some => void taken.push(...(await source.settleAndClaim([], some, inHand))),
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

  return { ...source, settleAndClaim: turn }
}
