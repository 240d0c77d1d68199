import type { Flow } from './exchange.ts'

/**
 * Memory for the answers that an account's calls are waiting for. Beyond it
 * answers are held up at the gateway, all but the oldest: that one always goes
 * on, and ends by its own limit or its deadline, so nobody waits for ever.
 */

export interface Budget {
  /** Begins to count an answer. */
  join(flow: Flow): Share
}

export interface Share {
  take(bytes: number): void
  /** The answer has come whole, or will not. */
  leave(): void
}

interface Taker {
  flow: Flow
  held: number
  waits: boolean
}

/** Budgets of `most` bytes by account; one that nothing is counted of is not kept. */
export function openBudgets(most: number): (account: number) => Budget {
  const arriving = new Map<number, Set<Taker>>()
  return account => ({
    join(flow) {
      const takers = arriving.get(account) ?? new Set<Taker>()
      arriving.set(account, takers)
      const taker: Taker = { flow, held: 0, waits: false }
      takers.add(taker)
      return {
        take(bytes) {
          taker.held += bytes
          if (taker.waits || heldBy(takers) <= most || isOldest(taker, takers)) return
          taker.waits = true
          flow.pause()
        },
        leave() {
          if (!takers.delete(taker)) return
          if (takers.size === 0 && arriving.get(account) === takers) arriving.delete(account)
          letGo(takers, most)
        }
      }
    }
  })
}

function letGo(takers: ReadonlySet<Taker>, most: number): void {
  const held = heldBy(takers)
  for (const taker of takers) {
    if (held > most && !isOldest(taker, takers)) return
    if (!taker.waits) continue
    taker.waits = false
    // The library parses one answer at a time, and this may be called while it does.
    queueMicrotask(() => taker.flow.resume())
  }
}

const isOldest = (taker: Taker, [oldest]: Iterable<Taker>) => taker === oldest

const heldBy = (takers: ReadonlySet<Taker>) => {
  let held = 0
  for (const taker of takers) held += taker.held
  return held
}
