import type { AccountLimits } from 'channel-kit/channel'
import type { Database } from '../postgres/connect.ts'
import { claim, handOver, letGo, ownedBy } from '../queue/claims.ts'
import type { Line } from '../queue/work-source.ts'
import type { Ended, Taken } from './attempt.ts'
import { sendTurn } from './settle.ts'

interface Parts {
  database: Pick<Database, 'db' | 'pool'>
  /** The name of this host. */
  host: string
  send: (taken: Taken) => Promise<Ended>
  limitsOf: (registrationId: number) => Promise<AccountLimits | undefined>
  now: () => Date
}

/** Of a registration whose settings cannot be read now. The others are claimed with it. */
const SLOW: AccountLimits = { inFlight: 1 }

/** Messages as the pump works on them. A registration is a group of its own: its gateway is its own affair. */
export function messageLine({ database, host, send, limitsOf, now }: Parts): Line<Taken, Ended> {
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
    turn: (done, wants, inHand) =>
      sendTurn(done, { database, host, wants, inHand, paceOf: id => paces.get(id), now: now() }),
    rest: (ids, all) => letGo(database, 'send', host, ids, all, now()),
    hand: (ids, to) => handOver(database, 'send', host, ids, to),
    mine: () => ownedBy(database, 'send', host),
    work: send
  }
}
