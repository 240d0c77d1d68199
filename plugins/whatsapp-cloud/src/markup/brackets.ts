export interface Link {
  open: number
  /** Position of the `]`. */
  close: number
  /** Behind the `)`. */
  end: number
  url: string
  picture: boolean
}

/** `[label](url)`: links by the place of their first bracket and of the one that ends the label. */
export function bracketsOf(text: string): ReadonlyMap<number, Link> {
  const links = new Map<number, Link>()
  const opened: number[] = []
  for (const { 0: bracket, index } of text.matchAll(/[[\]]/g)) {
    if (text[index - 1] === '\\') continue
    if (bracket === '[') {
      opened.push(index)
      continue
    }
    const open = opened.pop()
    if (open === undefined) continue
    const target = targetAt(text, index + 1)
    if (!target) continue
    const picture = text[open - 1] === '!'
    const link = { open: picture ? open - 1 : open, close: index, picture, ...target }
    links.set(link.open, link)
    if (!picture) links.set(index, link)
    // A link is in no other.
    opened.length = 0
  }
  return links
}

/** No brackets, so that none is looked at twice; a title behind it is none of a chat's business. */
const TARGET = /\(<?([^\s()<>[\]]*(?:\([^\s()<>[\]]*\)[^\s()<>[\]]*)*)>?(?:[ \t]+(?:"[^"[\]\n]*"|'[^'[\]\n]*'))?\)/y

function targetAt(text: string, at: number): { url: string; end: number } | undefined {
  TARGET.lastIndex = at
  const found = TARGET.exec(text)
  return found ? { url: found[1] ?? '', end: at + found[0].length } : undefined
}

/** Places of runs of backticks by their length, the first one last. */
export function ticksOf(text: string): Map<number, number[]> {
  const found = new Map<number, number[]>()
  for (const { 0: run, index } of [...text.matchAll(/`+/g)].reverse()) {
    const places = found.get(run.length)
    if (places) places.push(index)
    else found.set(run.length, [index])
  }
  return found
}
