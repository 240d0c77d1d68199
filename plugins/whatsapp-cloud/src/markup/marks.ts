/**
 * WhatsApp's markers are plain characters, and count as markers only between
 * the edge of a word and the outside. Until the whole text is known they are
 * characters that no text has.
 */

const MARKS = {
  bold: { open: '\uE000', close: '\uE001', shown: '*' },
  italic: { open: '\uE002', close: '\uE003', shown: '_' },
  strike: { open: '\uE004', close: '\uE005', shown: '~' }
} as const

export type Style = keyof typeof MARKS

/** At least the end of a line, and at least an empty line. */
export const LINE = '\uE006'
export const BLANK = '\uE007'
/** Around the number of a piece of code, which nothing may touch. */
export const CODE = { open: '\uE008', close: '\uE009' }

const OURS = /[\uE000-\uE009]/g

/** What a text brings of these characters itself would be taken for ours. */
export const withoutMarks = (text: string) => text.replace(OURS, '')

const OPEN: ReadonlyMap<string, string> = new Map(Object.values(MARKS).map(({ open, shown }) => [open, shown]))
const CLOSE: ReadonlyMap<string, string> = new Map(Object.values(MARKS).map(({ close, shown }) => [close, shown]))
const isMark = (character: string) => OPEN.has(character) || CLOSE.has(character)
const isWord = (character: string | undefined) => character !== undefined && /[\p{L}\p{N}]/u.test(character)

/** Within a line, and with no space just inside: `** a **` is ` *a* `. */
export const marked = (style: Style, inner: string) =>
  inner
    .split(new RegExp(`(\\s*[\\n${LINE}${BLANK}]\\s*)`))
    .map((piece, index) => (index % 2 === 1 ? piece : around(MARKS[style], piece)))
    .join('')

function around({ open, close }: { open: string; close: string }, line: string): string {
  const [, before = '', inner = '', after = ''] = /^(\s*)(.*?)(\s*)$/s.exec(line) ?? []
  return inner ? `${before}${open}${inner}${close}${after}` : line
}

/** Shows the markers that WhatsApp would read as such, and leaves the others out: `a**b**c` has no bold in WhatsApp. */
export function showMarks(text: string): string {
  const characters = [...text]
  const opened: number[] = []
  const shown = new Map<number, string>()
  for (const [index, character] of characters.entries()) {
    if (OPEN.has(character)) opened.push(index)
    if (!CLOSE.has(character)) continue
    const start = opened.pop()
    if (start === undefined || isWord(beside(characters, start, -1)) || isWord(beside(characters, index, 1))) continue
    shown.set(start, CLOSE.get(character) ?? '').set(index, CLOSE.get(character) ?? '')
  }
  return characters.map((character, index) => (isMark(character) ? (shown.get(index) ?? '') : character)).join('')
}

function beside(characters: readonly string[], index: number, step: 1 | -1): string | undefined {
  let at = index + step
  while (isMark(characters[at] ?? '')) at += step
  return characters[at]
}
