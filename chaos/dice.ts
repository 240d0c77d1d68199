/**
 * Chance that depends on the seed and on what it is asked for, never on when it
 * is asked: two runs of one seed meet the same faults, though their timing
 * differs.
 */
export type Dice = ReturnType<typeof createDice>

export function createDice(seed: number) {
  /** From 0 to less than 1. */
  const roll = (what: string): number => {
    let hash = 2_166_136_261
    for (const letter of `${seed} ${what}`) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 16_777_619)
    for (const shift of [16, 13, 16]) hash = Math.imul(hash ^ (hash >>> shift), 0x85eb_ca6b)
    return ((hash ^ (hash >>> 15)) >>> 0) / 2 ** 32
  }

  return {
    seed,
    roll,
    chance: (share: number, what: string): boolean => roll(what) < share,
    /** A whole number, both ends included. */
    between: (low: number, high: number, what: string): number => low + Math.floor(roll(what) * (high - low + 1)),
    /** A kind, as often as its weight says. */
    pick<Kind extends string>(weights: Readonly<Record<Kind, number>>, what: string): Kind {
      const kinds = Object.entries(weights) as [Kind, number][]
      let left = roll(what) * kinds.reduce((sum, [, weight]) => sum + weight, 0)
      const found = kinds.find(([, weight]) => {
        left -= weight
        return left < 0
      })
      return (found ?? kinds[0] ?? [])[0] as Kind
    }
  }
}
