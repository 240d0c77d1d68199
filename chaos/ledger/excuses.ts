import type { Arrival, End, Journal, Told } from '../journal.ts'

/** Which faults excuse what would otherwise be a broken promise. */

/** Between an answer and its being written down a host may be killed; longer while it cannot write. */
const WRITES_MS = 3_000
const WRITES_AFTER_CRASH_MS = 30_000
/** How soon the end of a process shows at its lines. */
const CLOSES_MS = 1_500

export function excusesOf({ ends }: Pick<Journal, 'ends'>) {
  const kills = ends.filter(({ what, how }) => what !== 'postgres' && how !== 'stopped')
  const crashes = ends.filter(({ what }) => what === 'postgres')
  const isAway = (from: number, to: number) =>
    crashes.some(({ at, untilAt = at }) => at <= to && untilAt + 2_000 >= from)

  return {
    /** The host that sent it was killed afterwards, before it had settled it. */
    senderKilled: ({ host, at }: Arrival): boolean => kills.some(kill => kill.what === host && kill.at >= at),

    /** Some host was killed, or the database crashed, so that nobody knows what was in hand. */
    interrupted: (since: number): boolean => [...kills, ...crashes].some(({ at }) => at >= since),

    /** The host that told it never learned that the CRM took it, or could not write that down. */
    tellingLost({ answeredAt, line: { closedAt } }: Told): 'the answer was lost' | 'its host was killed' | undefined {
      if (answeredAt === undefined) return 'the answer was lost'
      const killed = kills.find(
        ({ at }: End) =>
          at >= answeredAt - 50 &&
          closedAt !== undefined &&
          Math.abs(closedAt - at) < CLOSES_MS &&
          at - answeredAt < (isAway(answeredAt, at) ? WRITES_AFTER_CRASH_MS : WRITES_MS)
      )
      return killed && 'its host was killed'
    }
  }
}

export type Excuses = ReturnType<typeof excusesOf>
