import { type Alphabet, alphabetOf, costOf, LIMITS } from './septets.ts'

/** More would be a letter. */
const MAX_PARTS = 20

export type Split = { kind: 'parts'; parts: readonly string[] } | { kind: 'too-long'; parts: number }

const GRAPHEMES = new Intl.Segmenter('sk', { granularity: 'grapheme' })

/**
 * A text as messages that each fit one SMS, `(1/3) ` in front, since the gateway
 * knows no messages in parts. Nothing is ever cut off. The alphabet is that of
 * the whole text.
 */
export function split(text: string): Split {
  const alphabet = alphabetOf(text)
  const room = LIMITS[alphabet]
  const cost = costOf(text, alphabet)
  if (cost <= room) return { kind: 'parts', parts: [text] }
  // At the least; a book need not be taken apart to see that it is one.
  const needed = Math.ceil(cost / (room - '(1/10) '.length - 1))
  if (needed > MAX_PARTS) return { kind: 'too-long', parts: needed }

  const digits = pieces(text, alphabet, room - '(1/1) '.length).length < 10 ? 1 : 2
  const found = pieces(text, alphabet, room - '(/) '.length - 2 * digits)
  return found.length > MAX_PARTS
    ? { kind: 'too-long', parts: found.length }
    : { kind: 'parts', parts: found.map((piece, index) => `(${index + 1}/${found.length}) ${piece}`) }
}

function pieces(text: string, alphabet: Alphabet, room: number): string[] {
  const found: string[] = []
  let piece = ''
  let cost = 0
  for (const unit of units(text, room)) {
    const more = costOf(unit, alphabet)
    if (cost + more > room) {
      const [whole, rest] = broken(piece, unit)
      found.push(whole)
      piece = rest
      cost = costOf(rest, alphabet)
    }
    if (piece === '' && !unit.trim()) continue
    piece += unit
    cost += more
  }
  return [...found, piece.trimEnd()].filter(one => one !== '')
}

/** Where to go on: after the last space, unless that would leave half of the room unused. */
function broken(piece: string, next: string): [string, string] {
  const space = next.trim() ? Math.max(piece.lastIndexOf(' '), piece.lastIndexOf('\n')) : piece.length
  return space < piece.length / 2 ? [piece, ''] : [piece.slice(0, space).trimEnd(), piece.slice(space).trimStart()]
}

/** Letters as people see them stay whole, unless one would not fit by itself. */
const units = (text: string, room: number): string[] =>
  [...GRAPHEMES.segment(text)].flatMap(({ segment }) => (segment.length > room / 2 ? [...segment] : [segment]))
