import type { Arrival, Journal } from '../journal.ts'
import { type Entry, openEntry } from './entry.ts'

/** Wishes of contacts and of agents, at the gateway. */

/** A message may be in hand when its contact is suppressed: for an attempt, which takes 3 s, and what the machine makes of it. */
const IN_HAND_MS = 5_000

/** A contact that opted out gets no marketing any more, but what was in hand; and nothing that is not to goes beside a person. */
export function wishesKept(journal: Journal): Entry {
  const entry = openEntry('no contact that had opted out was sent marketing, and nothing went beside a person')
  const posts = new Map(journal.posts.map(post => [post.id, post]))
  const since = new Map(
    journal.suppressed.flatMap(({ account, contact, at }) =>
      at === undefined ? [] : [[`${account.key} ${contact}`, at] as const]
    )
  )
  const slack = IN_HAND_MS + journal.lateMs()
  entry.note(`contacts that opted out: ${since.size}`)
  for (const arrival of journal.arrivals) {
    const post = posts.get(arrival.id)
    if (!post?.isItem) continue
    const optedOut = since.get(`${arrival.account.key} ${arrival.contact}`)
    entry.check(problemOf(arrival, { isGuarded: post.isGuarded === true, end: optedOut && optedOut + slack }))
  }
  for (const { id, isGuarded, answers } of journal.posts)
    if (isGuarded) entry.check(answers.includes(202) ? undefined : `${id} was not taken`)
  return entry.close()
}

function problemOf({ id, at }: Arrival, { isGuarded, end }: { isGuarded: boolean; end: number | undefined }) {
  if (isGuarded) return `${id} went beside a person`
  return end !== undefined && at > end ? `${id} went after its contact had opted out` : undefined
}
