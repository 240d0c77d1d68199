import type { End, Exchange, Journal, Told } from '../journal.ts'

/** Which faults excuse what would otherwise be a broken promise. */

/** Between a call and the writing down of its answer a host may be killed; longer while it cannot write. */
const WRITES_MS = 5_000
const WRITES_AFTER_CRASH_MS = 30_000
/** How soon the end of a process shows at its lines, and how late what it said before is heard. */
const LAG_MS = 1_500

export function excusesOf({ ends, lateMs }: Pick<Journal, 'ends' | 'lateMs'>) {
  const lagMs = LAG_MS + lateMs()
  const kills = ends.filter(({ what, how }) => what !== 'postgres' && how !== 'stopped')
  const crashes = ends.filter(({ what }) => what === 'postgres')
  const writesIn = (from: number, to: number) =>
    crashes.some(({ at, untilAt = at }) => at <= to && untilAt + lagMs >= from) ? WRITES_AFTER_CRASH_MS : WRITES_MS

  return {
    /** The host that sent it was killed before it could write down what became of it. */
    senderKilled: ({ host, at }: Pick<Exchange, 'host' | 'at'>): boolean =>
      kills.some(kill => kill.what === host && kill.at - at < writesIn(at, kill.at)),

    /** Some host was killed, or the database crashed, so that nobody knows what was in hand. */
    interrupted: (since: number): boolean => [...kills, ...crashes].some(({ at }) => at >= since),

    /** The host that told it never learned that the CRM took it, or could not write that down. */
    tellingLost({ answeredAt, line: { closedAt } }: Told): 'the answer was lost' | 'its host was killed' | undefined {
      if (answeredAt === undefined) return 'the answer was lost'
      const killed = kills.find(
        ({ at }: End) =>
          closedAt !== undefined &&
          Math.abs(closedAt - at) < lagMs &&
          at > answeredAt - lagMs &&
          at - answeredAt < writesIn(answeredAt, at)
      )
      return killed && 'its host was killed'
    }
  }
}

export type Excuses = ReturnType<typeof excusesOf>
