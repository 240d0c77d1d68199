/** Reads single texts of a large JSON map in one pass, so that what nobody has signed is not built up in memory first. */

const QUOTE = 0x22
const COMMA = 0x2c
const BACKSLASH = 0x5c
/** By how much brackets and braces lead deeper. */
const DEEPER: Readonly<Record<number, number>> = { 91: 1, 123: 1, 93: -1, 125: -1 }

/** Most characters of a text that is read; a longer one counts as no text. */
const LONGEST = 4_096

/**
 * The values of these names at the top of a map: a text, null for what is none,
 * missing where the name is. It is a guess, since nothing else of the JSON is
 * checked: compare it with the parsed map before relying on it.
 */
export function peek(json: string, names: readonly string[]): Record<string, string | null> {
  const found: Record<string, string | null> = {}
  let depth = 0
  let name: string | undefined
  for (let at = 0; at < json.length; at += 1) {
    const code = json.charCodeAt(at)
    depth += DEEPER[code] ?? 0
    if (code === COMMA && depth === 1) name = undefined
    if (code !== QUOTE) continue
    const start = at
    at = endOfText(json, start)
    if (depth !== 1) continue
    const isName = name === undefined
    name ??= textOf(json, start, at) ?? ''
    if (names.includes(name)) found[name] = isName ? null : textOf(json, start, at)
  }
  return found
}

/** Where the quote is that ends the text which begins at `start`. */
function endOfText(json: string, start: number): number {
  for (let end = json.indexOf('"', start + 1); end >= 0; end = json.indexOf('"', end + 1)) {
    let before = end
    while (json.charCodeAt(before - 1) === BACKSLASH) before -= 1
    if ((end - before) % 2 === 0) return end
  }
  return json.length
}

function textOf(json: string, start: number, end: number): string | null {
  if (end - start > LONGEST) return null
  try {
    return JSON.parse(json.slice(start, end + 1)) as string
  } catch {
    return null
  }
}
