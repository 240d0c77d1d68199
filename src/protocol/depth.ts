import { LIMITS } from './limits.ts'

const [QUOTE, BACKSLASH] = [34, 92]
const OPENING: ReadonlySet<number> = new Set([91, 123])
const CLOSING: ReadonlySet<number> = new Set([93, 125])

/** Whether a text of JSON is nested deeper than is taken: what walks it later may go by recursion. It need not be valid. */
export function isTooDeep(json: string): boolean {
  let [depth, inText] = [0, false]
  for (let at = 0; at < json.length; at += 1) {
    const code = json.charCodeAt(at)
    if (inText && code === BACKSLASH) at += 1
    else if (code === QUOTE) inText = !inText
    else if (!inText && OPENING.has(code)) depth += 1
    else if (!inText && CLOSING.has(code)) depth -= 1
    if (depth > LIMITS.depth) return true
  }
  return false
}
