/**
 * WhatsApp's markers are plain characters, and count as markers only between
 * the edge of a word and the outside. A text is pieces until it is whole, so
 * that no character of its own can be taken for a marker of ours.
 */

const SHOWN = { bold: '*', italic: '_', strike: '~' } as const

export type Style = keyof typeof SHOWN

/** By the tags of HTML. */
export const STYLES: ReadonlyMap<string, Style> = new Map([
  ['b', 'bold'],
  ['strong', 'bold'],
  ['i', 'italic'],
  ['em', 'italic'],
  ['s', 'strike'],
  ['del', 'strike'],
  ['strike', 'strike']
])

/** `address`: no marker may touch it, since a phone would take the marker for a part of the link. */
export type Piece =
  | { kind: 'text'; text: string }
  | { kind: 'address'; text: string }
  | { kind: 'mark'; style: Style; open: boolean }

/** Shows the markers that WhatsApp would read as such, and leaves the others out: `a**b**c` has no bold in WhatsApp. */
export function showPieces(pieces: readonly Piece[]): string {
  const shown = shownMarks(pieces)
  return pieces
    .map((piece, index) => (piece.kind !== 'mark' ? piece.text : shown.has(index) ? SHOWN[piece.style] : ''))
    .join('')
}

/** Places of the markers that stand between a word and the outside on both sides. */
function shownMarks(pieces: readonly Piece[]): ReadonlySet<number> {
  const opened: number[] = []
  const shown = new Set<number>()
  for (const [index, piece] of pieces.entries()) {
    if (piece.kind !== 'mark') continue
    if (piece.open) opened.push(index)
    const start = piece.open ? undefined : opened.pop()
    if (start === undefined || touches(pieces, start, -1) || touches(pieces, index, 1)) continue
    shown.add(start).add(index)
  }
  return shown
}

/** True if a word, or an address, is right beside. Between markers there is always a text, so the way is short. */
function touches(pieces: readonly Piece[], index: number, step: 1 | -1): boolean {
  let at = index + step
  while (pieces[at]?.kind === 'mark') at += step
  const piece = pieces[at]
  if (piece === undefined || piece.kind === 'mark') return false
  if (piece.kind === 'address') return true
  return step === 1 ? /^[\p{L}\p{N}]/u.test(piece.text.slice(0, 2)) : /[\p{L}\p{N}]$/u.test(piece.text.slice(-2))
}
