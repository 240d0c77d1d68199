import type { End, Journal } from '../journal.ts'
import { type Entry, openEntry } from './entry.ts'
import type { Rows } from './rows.ts'

/** How the hosts themselves behaved. */

/** A request that cannot be committed is answered 503, or not at all; these requests have no other faults. */
export function answersRight({ posts, reports }: Journal): Entry {
  const entry = openEntry('every post and webhook was answered by success, by 503 or, the host being down, by nothing')
  for (const { id, answers } of posts) entry.check(wrong(id, answers, 202))
  for (const { text, ref, status, answers } of reports) entry.check(wrong(text ?? `${ref} ${status}`, answers, 200))
  return entry.close()

  function wrong(what: string, answers: readonly number[], success: number): string | undefined {
    for (const answer of answers) if (answer !== success) entry.note(answer === 0 ? 'nothing' : String(answer))
    const other = answers.filter(answer => ![0, success, 503].includes(answer))
    return other.length > 0 ? `${what} was answered ${other.join(', ')}` : undefined
  }
}

export function hostsLive({ ends }: Journal): Entry {
  const entry = openEntry('no host ended by itself')
  for (const { what, how, at } of ends) {
    entry.note(how === 'died' ? 'died' : `${what.replace(/ \d.*/, '')} ${how}`)
    entry.check(how === 'died' ? `${what} died at ${at} ms` : undefined)
  }
  return entry.close()
}

export function crmHeardRight({ told, forged }: Journal, { untold }: Rows): Entry {
  const entry = openEntry('what the CRM was told was rightly signed, and nothing was given up')
  for (const _ of told) entry.check(undefined)
  for (const reason of forged) entry.check(`a call was not rightly signed: ${reason}`)
  for (const { kind, state } of untold) entry.check(`a thing to tell (${kind}) is ${state}`)
  return entry.close()
}

/** `left`: what was still to be done when the time was up. */
export function allSettled(left: readonly string[], seconds: number): Entry {
  const entry = openEntry('when the faults ended, everything settled in time')
  entry.note(`seconds: ${seconds}`)
  entry.check(left.length > 0 ? `still open: ${left.join(', ')}` : undefined)
  return entry.close()
}

const SOON_MS = 30_000

/** The first message that is accepted after the database answers again soon reaches the gateway. The CRM's time depends on the CRM, too. */
export function silencesOvercome({ ends, posts, arrivals, lateMs }: Journal): Entry {
  const entry = openEntry('within thirty seconds of a silence of the database, sending went on')
  for (const { at, untilAt = at } of ends.filter(({ how }) => how === 'silent')) {
    const since = Math.max(untilAt, ...ends.filter(isOf(untilAt)).map(({ at, untilAt = at }) => untilAt))
    const later = posts.filter(({ acceptedAt = 0 }) => acceptedAt > since)
    if (later.length === 0) continue
    const ids = new Set(later.map(({ id }) => id))
    const from = Math.min(...later.map(({ acceptedAt }) => acceptedAt as number))
    const took = Math.min(...arrivals.filter(({ id }) => ids.has(id)).map(({ at }) => at)) - from
    entry.check(took > SOON_MS + lateMs() ? `${took} ms until something reached the gateway again` : undefined)
  }
  return entry.close()
}

/** Something else that was wrong as soon afterwards. */
const isOf =
  (end: number) =>
  ({ at, untilAt = at }: End): boolean =>
    at < end + SOON_MS && untilAt > end
