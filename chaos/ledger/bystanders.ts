import type { Hostile } from '../hostile/tenant.ts'
import type { Journal, Post } from '../journal.ts'
import { type Entry, openEntry } from './entry.ts'

/** Effects of a tenant that means harm on the others, and the state of its own items. */

/** `calm`: messages posted while everybody else behaved and everything was up. `withinMs`: from the 202 to the gateway. */
export function bystandersPunctual(calm: readonly Post[], { arrivals, lateMs }: Journal, withinMs: number): Entry {
  const entry = openEntry('beside a tenant that means harm, nobody else’s messages were late')
  const first = new Map<string, number>()
  for (const { id, at } of arrivals) if (!first.has(id)) first.set(id, at)
  const limit = withinMs + lateMs()
  for (const { id, acceptedAt } of calm) {
    const took = (first.get(id) ?? Number.POSITIVE_INFINITY) - (acceptedAt ?? 0)
    entry.check(took > limit ? `${id} took ${took} ms to the gateway` : undefined)
  }
  return entry.close()
}

/** `open`: its messages that have not ended. */
export function hostileEnded({ posts }: Pick<Hostile, 'posts'>, open: number): Entry {
  const entry = openEntry('every message of the tenant that means harm ended')
  for (const [what, count] of Object.entries(posts)) entry.note(`${what}: ${count}`)
  entry.check(posts.accepted === 0 ? 'none was accepted' : undefined)
  entry.check(open > 0 ? `${open} are still open` : undefined)
  return entry.close()
}
