import { type Piece, type Style, showPieces } from './marks.ts'

/**
 * Writes a text as WhatsApp shows it, from the first character to the last:
 * what is between two words (a space, the end of a line, an empty line) waits
 * until the second word is known. Everything takes time by its own length.
 */
export interface Writer {
  /** Runs of white space are one space; addresses in it stand for themselves. */
  text(text: string): void
  /** As it is, and no marker beside it. */
  address(text: string): void
  code(text: string, fence: '`' | '```'): void
  /** At least the end of a line. */
  line(): void
  /** At least an empty line. */
  blank(): void
  /** Adds an end of a line. */
  lineEnd(): void
  /** Starts a line by something that stands even if nothing follows, such as the sign of a list. */
  start(prefix: string): void
  /** How deep the lines from here on are quoted. */
  quote(depth: number): void
  open(style: Style): void
  close(style: Style): void
  /** So far written pieces. */
  length(): number
  end(): string
}

type Gap = 'none' | 'space' | 'line' | 'blank'

const MOST_QUOTES = 3

export function writer({ plain = false } = {}): Writer {
  const pieces: Piece[] = []
  const depths = new Map<Style, number>()
  /** Styles whose marker is set on this line. */
  let set: Style[] = []
  let gap: Gap = 'none'
  let prefix = ''
  let depth = 0
  let lastDepth = 0
  let started = false

  const put = (piece: Piece) => void pieces.push(piece)
  const quotes = (count: number) => '> '.repeat(Math.min(count, MOST_QUOTES))
  const isFresh = () => !started || gap === 'line' || gap === 'blank' || prefix !== ''

  /** Down to this many. */
  function unset(count: number) {
    for (const style of set.slice(count).toReversed()) put({ kind: 'mark', style, open: false })
    set = set.slice(0, count)
  }

  function startLine() {
    const empty = gap === 'blank' ? `${quotes(Math.min(depth, lastDepth)).trimEnd()}\n` : ''
    put({ kind: 'text', text: `${started ? `\n${empty}` : ''}${quotes(depth)}${prefix}` })
    lastDepth = depth
    prefix = ''
    started = true
  }

  function fillGap() {
    if (!started || gap === 'line' || gap === 'blank') {
      unset(0)
      startLine()
    } else if (gap === 'space' && prefix === '') put({ kind: 'text', text: ' ' })
    else if (prefix !== '') startLine()
    gap = 'none'
  }

  function setMarks() {
    for (const style of depths.keys()) {
      if (plain || set.includes(style)) continue
      const last = pieces.at(-1)
      // `<b>a</b><b>b</b>` is one word in bold.
      if (last?.kind === 'mark' && !last.open && last.style === style) pieces.pop()
      else put({ kind: 'mark', style, open: true })
      set.push(style)
    }
  }

  function words(text: string) {
    for (const [index, word] of text.split(/\s/).entries()) {
      if (index > 0 && !isFresh()) gap = 'space'
      if (!word) continue
      fillGap()
      setMarks()
      put({ kind: 'text', text: word })
    }
  }

  function verbatim(piece: Piece) {
    unset(0)
    fillGap()
    put(piece)
  }

  return {
    text(text) {
      let end = 0
      for (const { index, url } of addressesIn(text)) {
        words(text.slice(end, index))
        verbatim({ kind: 'address', text: url })
        end = index + url.length
      }
      words(text.slice(end))
    },
    address: text => verbatim({ kind: 'address', text }),
    code(text, fence) {
      if (!text.trim()) return words(text)
      const marks = fence === '`' && /[`\n]/.test(text) ? '```' : fence
      fillGap()
      setMarks()
      put({ kind: 'text', text: plain ? text : `${marks}${text.replaceAll('```', "'''")}${marks}` })
    },
    line() {
      if (gap !== 'blank' && prefix === '') gap = 'line'
    },
    blank() {
      if (prefix === '') gap = 'blank'
    },
    lineEnd() {
      gap = gap === 'line' || gap === 'blank' ? 'blank' : 'line'
    },
    start(given) {
      if (prefix !== '') fillGap()
      if (gap !== 'blank') gap = 'line'
      prefix = given
    },
    quote(wanted) {
      if (wanted !== depth && gap !== 'blank') gap = 'line'
      depth = wanted
    },
    open: style => void depths.set(style, (depths.get(style) ?? 0) + 1),
    close(style) {
      const open = depths.get(style) ?? 0
      if (open > 1) return void depths.set(style, open - 1)
      depths.delete(style)
      if (set.includes(style)) unset(set.indexOf(style))
    },
    length: () => pieces.length,
    end() {
      if (prefix !== '') fillGap()
      unset(0)
      return showPieces(pieces).trim()
    }
  }
}

const ADDRESS = /https?:\/\/[^\s<>]+/gi

/** Web addresses in a text, without the punctuation behind them. */
function* addressesIn(text: string): Generator<{ index: number; url: string }> {
  for (const { 0: found, index } of text.matchAll(ADDRESS)) yield { index, url: withoutEnd(found) }
}

/** Cuts the end off an address: closing punctuation, a bracket that the address did not open, a marker. */
export function withoutEnd(found: string): string {
  let end = found.length
  let open = 0
  for (const character of found) open += character === '(' ? 1 : character === ')' ? -1 : 0
  while (end > 0) {
    const last = found[end - 1] ?? ''
    if (last === ')' && open >= 0) break
    if (last === ')') open += 1
    if (!'.,;:!?\'"*_~)]'.includes(last)) break
    end -= 1
  }
  return found.slice(0, end)
}
