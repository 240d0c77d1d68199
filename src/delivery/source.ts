import type { AccountLimits } from 'channel-kit/channel'
import { type Meter, NO_METER } from '../metrics/meter.ts'
import type { Database } from '../postgres/connect.ts'
import { claim, claimedBy, handOff, release } from '../queue/claims.ts'
import type { WorkSource } from '../queue/work-source.ts'
import { createActivity } from '../registrations/activity.ts'
import type { AttemptResult, ClaimedMessage } from './attempt.ts'
import { sendTurn } from './settle.ts'

interface Deps {
  database: Pick<Database, 'db' | 'pool'>
  /** The name of this host. */
  host: string
  send: (claimed: ClaimedMessage) => Promise<AttemptResult>
  limitsOf: (registrationId: number) => Promise<AccountLimits | undefined>
  now: () => Date
  meter?: Meter
}

/** Limits of a registration whose settings cannot be read now. The others are claimed with it. */
const SLOW: AccountLimits = { inFlight: 1 }

/** Messages as the dispatcher works on them. A registration is a group of its own: its gateway is its own affair. */
export function messageSource({
  database,
  host,
  send,
  limitsOf,
  now,
  meter = NO_METER
}: Deps): WorkSource<ClaimedMessage, AttemptResult> {
  const sentMessages = createActivity(database, 'sentAt')
  const paces = new Map<number, AccountLimits['perContact']>()
  return {
    claim: async ids =>
      Promise.all(
        (await claim(database, 'send', host, ids)).map(async ({ registrationId }) => {
          const limits = await limitsOf(registrationId).catch(() => SLOW)
          paces.set(registrationId, limits?.perContact)
          return { registrationId, group: String(registrationId), ...(limits ? { limits } : {}) }
        })
      ),
    async settleAndClaim(done, wants, inHand) {
      const at = now()
      await sentMessages(
        done.filter(({ decision }) => decision.kind === 'accepted').map(({ claimed }) => claimed.registrationId),
        at
      )
      const taken = await sendTurn(done, { database, host, wants, inHand, paceOf: id => paces.get(id), now: at, meter })
      countTurn(meter, done, taken)
      return taken
    },
    release: (ids, all) => release(database, 'send', host, ids, all, now()),
    handOff: (ids, to) => handOff(database, 'send', host, ids, to),
    claimed: () => claimedBy(database, 'send', host),
    process: send
  }
}

function countTurn(meter: Meter, done: readonly AttemptResult[], taken: readonly ClaimedMessage[]): void {
  for (const { claimed, decision } of done)
    if (decision.kind === 'accepted' || decision.kind === 'failed') meter.settled(claimed.registrationId, decision.kind)
  for (const { registrationId, bulk, interrupted, waitedS } of taken)
    if (!interrupted) meter.begun(registrationId, bulk ? 'bulk' : 'normal', waitedS ?? 0)
}
