export type Random = ReturnType<typeof randomOf>

/** The same numbers in every run of a seed, in the order in which they are asked for. */
export function randomOf(seed: number) {
  let state = seed >>> 0
  /** From 0 to less than 1. */
  const next = (): number => {
    state = (state + 0x6d2b_79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (count: number) => Math.floor(next() * count)
  return {
    next,
    below,
    chance: (share: number) => next() < share,
    pick: <Item>(items: readonly Item[]): Item => items[below(items.length)] as Item,
    times: <Item>(most: number, make: () => Item): Item[] => Array.from({ length: below(most + 1) }, make)
  }
}
