import { decodeHTMLStrict } from 'entities'
import { bracketsOf, type Link, ticksOf } from './brackets.ts'
import { isSame, writePicture, writeTarget } from './link.ts'
import { STYLES, type Style } from './marks.ts'
import { attributesOf, isMeant, tagAt } from './tags.ts'
import { type Writer, withoutEnd } from './writer.ts'

/** Inline Markdown, read in one pass and then written, since a marker counts only if it is closed. */

/** A piece that turned out to mean something writes that, and any other itself. */
interface Piece {
  raw: string
  write?: (out: Writer) => void
}

interface Opener {
  piece: Piece
  key: string
}

interface Reading {
  text: string
  pieces: Piece[]
  openers: Opener[]
  /** How many openers wait, by key: nothing is looked for that is not there. */
  waiting: Map<string, number>
  links: ReadonlyMap<number, Link>
  /** Places of runs of backticks, by length, the next one last. */
  ticks: ReadonlyMap<number, number[]>
}

export function writeInline(text: string, out: Writer): void {
  const reading: Reading = {
    text,
    pieces: [],
    openers: [],
    waiting: new Map(),
    links: bracketsOf(text),
    ticks: ticksOf(text)
  }
  let at = 0
  while (at < text.length) at = READERS[text[at] ?? '']?.(reading, at) ?? plainAt(reading, at)
  for (const { raw, write } of reading.pieces) {
    if (write) write(out)
    else if (raw) out.text(raw)
  }
}

type ReaderAt = (reading: Reading, at: number) => number | undefined

const PLAIN = /[^\\`*_~[\]!<h\n]+/y

function plainAt({ text, pieces }: Reading, at: number): number {
  PLAIN.lastIndex = at
  const found = PLAIN.exec(text)?.[0] ?? text[at] ?? ''
  add(pieces, decodeHTMLStrict(found))
  return at + found.length
}

/** Texts beside one another are one piece, so that an address in them is seen whole. */
function add(pieces: Piece[], raw: string) {
  const last = pieces.at(-1)
  if (last && !last.write && !/^[*_~]+$/.test(last.raw) && !last.raw.startsWith('<')) last.raw += raw
  else pieces.push({ raw })
}

const ADDRESS = /https?:\/\/[^\s<>]+/iy

const address: ReaderAt = ({ text, pieces }, at) => {
  ADDRESS.lastIndex = at
  const url = withoutEnd(ADDRESS.exec(text)?.[0] ?? '')
  if (!url) return undefined
  pieces.push({ raw: '', write: out => out.address(url) })
  return at + url.length
}

const escaped: ReaderAt = ({ text, pieces }, at) => {
  const next = text[at + 1] ?? ''
  if (next === '\n') return at + 1
  if (!/[\\`*_~[\]()!<>#+\-.|{}&"']/.test(next)) return undefined
  pieces.push({ raw: '', write: out => out.text(next) })
  return at + 2
}

const RUN = { '*': /\*+/y, _: /_+/y, '~': /~+/y } as const

const isWord = (character: string) => /[\p{L}\p{N}]/u.test(character)
/** The whole character before or behind a place. */
const before = (text: string, at: number) =>
  /[\uDC00-\uDFFF]/.test(text[at - 1] ?? '') ? text.slice(at - 2, at) : (text[at - 1] ?? '')
const behind = (text: string, at: number) => String.fromCodePoint(text.codePointAt(at) ?? 32)

const emphasis =
  (sign: keyof typeof RUN): ReaderAt =>
  (reading, at) => {
    const { text, pieces } = reading
    RUN[sign].lastIndex = at
    const run = RUN[sign].exec(text)?.[0] ?? sign
    const end = at + run.length
    const [left, right] = [before(text, at), behind(text, end)]
    // Within a word, and beside a space on both sides, it is what somebody typed.
    const opens = !isWord(left) && /\S/.test(right) && run.length <= 3
    const closes = !isWord(right) && /\S/.test(left) && run.length <= 3
    let rest = run.length
    if (closes) rest = closing(reading, sign, rest)
    if (rest === 0) return end
    const piece: Piece = { raw: sign.repeat(rest) }
    pieces.push(piece)
    if (opens && rest === run.length) waitFor(reading, { piece, key: `${sign}${rest}` })
    return end
  }

function waitFor({ openers, waiting }: Reading, opener: Opener) {
  openers.push(opener)
  waiting.set(opener.key, (waiting.get(opener.key) ?? 0) + 1)
}

/** Ends what the run can end, the innermost first; tells how many signs are left. */
function closing(reading: Reading, sign: string, count: number): number {
  let rest = count
  while (rest > 0) {
    const keys = [1, 2, 3].filter(length => length <= rest).map(length => `${sign}${length}`)
    const opener = take(reading, keys)
    if (!opener) return rest
    const length = opener.piece.raw.length
    const styles = stylesOf(sign, length)
    opener.piece.write = out => {
      for (const style of styles) out.open(style)
    }
    const write = (out: Writer) => {
      for (const style of styles.toReversed()) out.close(style)
    }
    reading.pieces.push({ raw: '', write })
    rest -= length
  }
  return 0
}

/** The last opener of these keys; those above it are none any more. */
function take({ openers, waiting }: Reading, keys: readonly string[]): Opener | undefined {
  if (!keys.some(key => waiting.get(key))) return undefined
  for (;;) {
    const opener = openers.pop()
    if (!opener) return undefined
    waiting.set(opener.key, (waiting.get(opener.key) ?? 1) - 1)
    if (keys.includes(opener.key)) return opener
  }
}

function stylesOf(sign: string, length: number): readonly Style[] {
  if (sign === '~') return ['strike']
  return length === 1 ? ['italic'] : length === 2 ? ['bold'] : ['italic', 'bold']
}

const code: ReaderAt = ({ text, pieces, ticks }, at) => {
  let end = at
  while (text[end] === '`') end += 1
  const places = ticks.get(end - at) ?? []
  while (places.length > 0 && (places.at(-1) ?? 0) < end) places.pop()
  const close = places.at(-1)
  if (close === undefined) {
    pieces.push({ raw: text.slice(at, end) })
    return end
  }
  const inner = text.slice(end, close)
  const shown =
    inner.length > 2 && inner.length < 1_000 && inner.startsWith(' ') && inner.endsWith(' ') && inner.trim() !== ''
      ? inner.slice(1, -1)
      : inner
  pieces.push({ raw: '', write: out => out.code(shown, '`') })
  return close + (end - at)
}

const bracket: ReaderAt = ({ text, pieces, links }, at) => {
  const link = links.get(at)
  if (!link) return undefined
  const { url, close, end, picture } = link
  if (at === close) {
    pieces.push({ raw: '', write: out => writeTarget(out, url, link.open + 1 < close) })
    return end
  }
  const label = close - at <= url.length + 32 || picture ? text.slice(at + (picture ? 2 : 1), close) : undefined
  if (picture) pieces.push({ raw: '', write: out => writePicture(out, label ?? '', url) })
  else if (label !== undefined && isSame(label, url))
    pieces.push({ raw: '', write: out => out.address(/^https?:/i.test(url) ? url : label) })
  else return at + 1
  return end
}

const tag: ReaderAt = (reading, at) => {
  const { text, pieces } = reading
  AUTO.lastIndex = at
  const auto = AUTO.exec(text)
  if (auto) {
    const url = auto[1] ?? ''
    pieces.push({ raw: '', write: out => out.address(url.replace(/^(mailto|tel):/i, '')) })
    return at + auto[0].length
  }
  const found = tagAt(text, at)
  if (!found || !isMeant(found)) return undefined
  const style = STYLES.get(found.name)
  const piece: Piece = { raw: text.slice(at, found.end) }
  pieces.push(piece)
  if (found.name === 'br') piece.write = out => out.lineEnd()
  else if (['p', 'div', 'span', 'u', 'font'].includes(found.name))
    piece.write = out => (found.name === 'p' || found.name === 'div' ? out.line() : undefined)
  else if (style || found.name === 'a') paired(reading, found, piece, style)
  return found.end
}

const AUTO = /<((?:https?:\/\/|mailto:|tel:)[^\s<>]+|[^\s<>@]{1,64}@[^\s<>@]{1,255})>/iy

/** A tag of a pair means something once the other is there. */
function paired(reading: Reading, found: NonNullable<ReturnType<typeof tagAt>>, piece: Piece, style?: Style) {
  const key = `<${found.name}`
  if (found.kind === 'open') return waitFor(reading, { piece, key })
  const opener = take(reading, [key])
  if (!opener) return
  if (style) {
    opener.piece.write = out => out.open(style)
    piece.write = out => out.close(style)
    return
  }
  const url = attributesOf({ attributes: opener.piece.raw.slice(2, -1) }).get('href') ?? ''
  opener.piece.write = () => {}
  piece.write = out => writeTarget(out, url, true)
}

const READERS: Readonly<Record<string, ReaderAt>> = {
  '\\': escaped,
  '`': code,
  '*': emphasis('*'),
  _: emphasis('_'),
  '~': emphasis('~'),
  '[': bracket,
  ']': bracket,
  '!': bracket,
  '<': tag,
  h: address,
  '\n': ({ pieces }, at) => {
    pieces.push({ raw: '', write: out => out.line() })
    return at + 1
  }
}
