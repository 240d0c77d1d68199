import type { AttemptResult, ClaimedMessage } from '../delivery/attempt.ts'
import { isByCustomer } from '../inbound/incoming-messages.ts'
import type { Ingest } from '../inbound/webhook-ingest.ts'
import type { Accept } from '../messages/accept.ts'
import type { AcceptItems } from '../messages/accept-items.ts'
import type { WorkSource } from '../queue/work-source.ts'
import type { Traffic } from './count-traffic.ts'

/** Parts of the host that do as before and count what they did, once it is stored. */

type Sources = WorkSource<ClaimedMessage, AttemptResult>

export const countingAccept =
  (accept: Accept, traffic: Traffic): Accept =>
  async (registrationId, ...given) => {
    await accept(registrationId, ...given)
    traffic.accepted(registrationId)
  }

export const countingItems =
  (acceptItems: AcceptItems, traffic: Traffic): AcceptItems =>
  async (registrationId, ...given) => {
    const stored = await acceptItems(registrationId, ...given)
    traffic.accepted(registrationId, stored.filter(({ result }) => result === 'accepted').length)
    return stored
  }

export const countingSource = (source: Sources, traffic: Traffic): Sources => ({
  ...source,
  async settleAndClaim(done, wants, inHand) {
    const taken = await source.settleAndClaim(done, wants, inHand)
    for (const { claimed, decision } of done)
      if (decision.kind === 'accepted' || decision.kind === 'failed')
        traffic.settled(claimed.registrationId, decision.kind)
    return taken
  }
})

/** A call that a gateway repeats counts again. */
export const countingIngest =
  (ingest: Ingest, traffic: Traffic): Ingest =>
  async (registrationId, events, kept) => {
    await ingest(registrationId, events, kept)
    const received = events.filter(event => event.kind === 'message' && isByCustomer(event))
    traffic.received(registrationId, received.length)
  }
