import type { Arrival, End, Exchange, Journal, Told } from '../journal.ts'
import type { Rows } from './rows.ts'

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

/** To a host an answer in the last moment is none. */
const LATE_MS = 1_500

/** True if the answer to a call about a lot, which has no story entry, may have come too late for its host. */
export const mayBeLate = ({ at, answeredAt = at }: Pick<Exchange, 'at' | 'answeredAt'>): boolean =>
  answeredAt - at > LATE_MS

/** True if the answer came too late for the host, by its own word where it has one. */
export const wasLate = (arrival: Arrival, rows: Rows): boolean =>
  arrival.attempt === 0 ? mayBeLate(arrival) : timedOut(arrival, rows) !== undefined

/**
 * When the host gave the call up, by its own word. Such a call still arrives, as
 * late as the machine makes it: it was on its way. Undefined: it did not.
 */
export function givenUpAt(arrival: Arrival, rows: Rows, { timeOf }: Pick<Journal, 'timeOf'>): number | undefined {
  const attempt = timedOut(arrival, rows)
  return attempt && timeOf(new Date(attempt.at)) + attempt.durationMs
}

function timedOut({ id, attempt }: Arrival, rows: Rows): { at: string; durationMs: number } | undefined {
  for (const entry of rows.messages.get(id)?.story ?? [])
    if (entry.kind === 'attempt' && entry.number === attempt)
      if (entry.outcome === 'unknown' && entry.durationMs > LATE_MS) return entry
  return undefined
}
