/**
 * Memory for the answers that an account's calls are waiting for. Beyond it an
 * answer is given up, all but the oldest, which ends by its own limit or its
 * deadline. Answers of gateways are a kilobyte; megabytes of them at a
 * time come from a gateway that means harm. Holding them up instead was tried: a
 * paused answer that the library had read already did not go on.
 */

export interface Budget {
  /** Begins to count an answer. `giveUp`: ends it, since there is no room. */
  join(giveUp: () => void): Share
}

export interface Share {
  take(bytes: number): void
  /** The answer has come whole, or will not. */
  leave(): void
}

interface Taker {
  held: number
}

/** Budgets of `most` bytes by account; one that nothing is counted of is not kept. */
export function openBudgets(most: number): (account: number) => Budget {
  const arriving = new Map<number, Set<Taker>>()
  return account => ({
    join(giveUp) {
      const takers = arriving.get(account) ?? new Set<Taker>()
      arriving.set(account, takers)
      const taker: Taker = { held: 0 }
      takers.add(taker)
      const leave = (): void => {
        takers.delete(taker)
        if (takers.size === 0 && arriving.get(account) === takers) arriving.delete(account)
      }
      return {
        take(bytes) {
          taker.held += bytes
          if (heldBy(takers) <= most || isOldest(taker, takers) || !takers.has(taker)) return
          leave()
          giveUp()
        },
        leave
      }
    }
  })
}

const isOldest = (taker: Taker, [oldest]: Iterable<Taker>) => taker === oldest

const heldBy = (takers: ReadonlySet<Taker>) => {
  let held = 0
  for (const taker of takers) held += taker.held
  return held
}
