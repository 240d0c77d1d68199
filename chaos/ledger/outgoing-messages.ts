import type { Gateway } from '../gateways/gateway.ts'
import type { Journal, Post } from '../journal.ts'
import { causeOf, type Row } from './causes.ts'
import type { Entry } from './entry.ts'
import { openEntry } from './entry.ts'
import type { Excuses } from './excuses.ts'
import { givenUpAt } from './excuses.ts'
import type { Rows } from './rows.ts'

/** None lost: what was answered 202 is at the gateway, or failed for a reason that is true and that the CRM was told. */
export function noneLost(journal: Journal, rows: Rows, excuses: Excuses, gateway: Pick<Gateway, 'confirms'>): Entry {
  const entry = openEntry(
    'every message answered 202 reached the gateway, or failed with a reason that the CRM was told'
  )
  const arrivals = Map.groupBy(journal.arrivals, ({ id }) => id)
  const errors = new Set(journal.told.flatMap(({ took, status, id }) => (took && status === 'error' ? [id] : [])))

  for (const post of journal.posts) entry.check(fateOf(post))
  return entry.close()

  function fateOf(post: Post): string | undefined {
    const row = rows.messages.get(post.id)
    if (post.acceptedAt === undefined) return `${post.id} was never answered 202`
    if (post.isUnwanted) return row && `${post.id} was answered "suppressed", and is stored`
    if (!row) return `${post.id} was answered 202 and is not stored`
    if (row.state === 'failed') return failureOf(post, row)
    if (row.state !== 'accepted') return `${post.id} is still ${row.state}`
    entry.note('accepted')
    const there = arrivals.get(post.id)?.some(({ processed, ref }) => processed && ref === row.ref)
    return there ? undefined : `${post.id} counts as accepted, and the gateway does not have it`
  }

  function failureOf(post: Post, row: Row): string | undefined {
    const { noted, problem } = causeOf(post, row, { journal, excuses, gateway, arrivals: arrivals.get(post.id) ?? [] })
    entry.note(noted)
    if (problem) return `${post.id} failed (${row.reason}): ${problem}`
    return post.isItem || errors.has(post.id)
      ? undefined
      : `${post.id} failed (${row.reason}), and the CRM was not told`
  }
}

/** In order: once a message of a conversation has arrived, none that was posted before it arrives any more, but what its host had given up by then. */
export function inOrder(journal: Journal, rows: Rows): Entry {
  const entry = openEntry('messages of a conversation reached the gateway in the order accepted')
  const numbers = new Map(journal.posts.map(({ id }, index) => [id, index]))
  const newest = new Map<string, { number: number; id: string; at: number }>()
  for (const arrival of journal.arrivals) {
    const { id, account, contact, at } = arrival
    const conversation = `${account.key} ${contact}`
    const number = numbers.get(id) ?? -1
    const before = newest.get(conversation)
    const overtaken = before !== undefined && before.number > number
    const excused = overtaken && (givenUpAt(arrival, rows, journal) ?? Number.POSITIVE_INFINITY) <= before.at
    if (excused) entry.note('it was given up before, and came all the same')
    entry.check(overtaken && !excused ? `${id} arrived after ${before.id}` : undefined)
    if (!before || before.number < number) newest.set(conversation, { number, id, at })
  }
  return entry.close()
}
