/** The ledger's entry about one promise. */
export interface Entry {
  promise: string
  /** How many things it was held to. */
  checked: number
  /** Events that are allowed, and how often they happened. */
  noted: Readonly<Record<string, number>>
  broken: readonly string[]
}

/** Holds things to a promise one by one. */
export function openEntry(promise: string) {
  const noted: Record<string, number> = {}
  const broken: string[] = []
  let checked = 0
  return {
    /** `problem`: undefined when the promise was kept. */
    check(problem: string | undefined): void {
      checked += 1
      if (problem !== undefined) broken.push(problem)
    },
    note(what: string): void {
      noted[what] = (noted[what] ?? 0) + 1
    },
    close: (): Entry => ({ promise, checked, noted, broken })
  }
}
