/**
 * A limit of lines of the same kind: a gateway that fails for a campaign would write a line for each attempt, and one account's
 * lines would hide another's. Lines beyond are counted, and their number is told when the time is over.
 */

const WINDOW_MS = 10_000
/** Lines of one kind, and of one registration, within that time. */
export const MOST_LINES = 50
/** Kinds that are counted at the same time; more are of one account that writes another text each time. */
const MAX_KINDS = 5_000

/** Facts of a line, as far as its kind goes. */
export interface LineFacts {
  event?: unknown
  registration?: unknown
}

interface Deps {
  /** Is told how many lines of a kind were left out. */
  omitted: (kind: string, lines: number) => void
  windowMs?: number
}

export function createLineLimit({ omitted, windowMs = WINDOW_MS }: Deps) {
  const counts = new Map<string, number>()
  let isCounting = false

  const renew = () => {
    isCounting = false
    const over = [...counts].filter(([, lines]) => lines > MOST_LINES)
    counts.clear()
    for (const [kind, lines] of over) omitted(kind, lines - MOST_LINES)
  }

  /** True: the line is to be written. */
  return ({ event, registration }: LineFacts, text: string): boolean => {
    const what = typeof event === 'string' ? event : text.slice(0, 80)
    const own = registration === undefined ? what : `${what} ${registration}`
    const kind = counts.has(own) || counts.size < MAX_KINDS ? own : 'other'
    const lines = (counts.get(kind) ?? 0) + 1
    counts.set(kind, lines)
    if (!isCounting) setTimeout(renew, windowMs).unref()
    isCounting = true
    return lines <= MOST_LINES
  }
}
