import type { StoryEntry } from '../../src/messages/story.ts'
import type { Gateway } from '../gateways/gateway.ts'
import type { Arrival, Journal, Post } from '../journal.ts'
import type { Excuses } from './excuses.ts'
import { mayBeLate } from './excuses.ts'
import type { Rows } from './rows.ts'

/** Causes of failed messages. */

export type Row = Rows['messages'] extends ReadonlyMap<string, infer Row> ? Row : never
type Attempt = Extract<StoryEntry, { kind: 'attempt' }>

/** The name of the cause, or the reason why it excuses nothing. */
export type Cause = { noted: string; problem?: string | undefined }

/** An answer later than this, on a machine that has too much to do, came too late for the host. */
const DEADLINE_MS = 2_900
const UNOPENED = 'the lot may have been opened, with nothing in it'

const isAttempt = (entry: StoryEntry): entry is Attempt => entry.kind === 'attempt'
const isLost = ({ said }: Pick<Arrival, 'said'>) => said === 'failed' || said === 'nothing'

interface Deps {
  journal: Journal
  excuses: Excuses
  gateway: Pick<Gateway, 'confirms'>
  /** Arrivals of the message. */
  arrivals: readonly Arrival[]
}

export function causeOf(post: Post, row: Row, { journal, excuses, gateway, arrivals }: Deps): Cause {
  // By itself, or in brackets behind the word that an earlier attempt may have sent it.
  if (row.reason?.includes('suppressed: ')) return unwanted(post, journal)
  if (row.reason === 'skipped: held')
    return { noted: 'held', problem: post.isGuarded ? undefined : 'it may go beside a person' }
  const attempts = row.story.filter(isAttempt)
  const last = attempts.at(-1)
  if (!last) return { noted: 'never tried', problem: 'no attempt is in its story' }
  if (row.reason?.startsWith(UNOPENED)) return unopened(post, row, journal, excuses)
  // In a lot messages have no attempts of their own.
  const lastArrivals = arrivals.filter(({ attempt }) => attempt === last.number || attempt === 0)
  if (last.outcome === 'rejected') return rejected(lastArrivals)
  if (last.outcome !== 'unknown' || post.account.repeats)
    return { noted: 'given up', problem: `its last attempt ended ${last.outcome}` }
  // Where a status is waited for, the last attempt has only found that none came.
  const isUncertain = gateway.confirms
    ? arrivals.some(isLost) || attempts.some(isLate)
    : lastArrivals.some(arrival => isLost(arrival) || (arrival.attempt === 0 && mayBeLate(arrival))) || isLate(last)
  const isExcused = isUncertain || excuses.interrupted(post.at)
  return { noted: 'uncertain', problem: isExcused ? undefined : 'nothing made it uncertain' }
}

const isLate = ({ durationMs }: Attempt) => durationMs >= DEADLINE_MS

function rejected(arrivals: readonly Arrival[]): Cause {
  const isTrue = arrivals.some(({ conduct, said }) => conduct === 'rejects' || said === 'rejected')
  return { noted: 'rejected', problem: isTrue ? undefined : 'the gateway did not reject it' }
}

function unwanted({ account, contact }: Post, { suppressed }: Journal): Cause {
  const isTrue = suppressed.some(one => one.account.key === account.key && one.contact === contact)
  return { noted: 'suppressed', problem: isTrue ? undefined : 'nobody had suppressed its contact' }
}

/** Its lot failed before it was put into it. */
function unopened({ account, at }: Post, { story }: Row, { lotCalls }: Journal, excuses: Excuses): Cause {
  const noted = 'uncertain: whether its lot was opened'
  if (account.repeats) return { noted, problem: 'its account opens a lot again rather than not at all' }
  const lot = story.findLast(entry => entry.kind === 'gathered')?.lot
  const opens = lotCalls.filter(call => call.account === account && call.id === String(lot))
  const isExcused = opens.some(call => isLost(call) || mayBeLate(call)) || excuses.interrupted(at)
  return { noted, problem: isExcused ? undefined : 'nothing made that uncertain' }
}
