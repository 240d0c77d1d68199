import { type DefaultTreeAdapterTypes, parseFragment } from 'parse5'
import { type Directed, readDirectives } from './directives.ts'
import { offloaded } from './offload.ts'
import { isBlank } from './typed.ts'

type Node = DefaultTreeAdapterTypes.ChildNode

/** Directives of a text in HTML: read as a person sees it, cut out of the source, of which all else stays as it is. */
export const readHtmlDirectives = offloaded(import.meta.url, htmlDirectives)

export function htmlDirectives<Word extends string>(html: string, words: readonly Word[]): Directed<Word> {
  const nodes = parseFragment(html, { sourceCodeLocationInfo: true }).childNodes
  const directives: Directed<Word>['directives'][number][] = []
  const cut = new Set<Piece>()
  let pending: Piece[] = []
  for (const line of linesOf(nodes, html)) {
    const said = line.map(({ said }) => said).join('')
    const read = readDirectives(said, words)
    if (read.directives.length === 0 && !isBlank(said)) break
    pending.push(...line)
    if (read.directives.length === 0) continue
    directives.push(...read.directives)
    for (const piece of pending) cut.add(piece)
    pending = []
  }
  return { directives, text: (directives.length > 0 ? without(html, cut, nodes) : html).trim() }
}

const SEEN = new Set(['img', 'video', 'audio', 'svg', 'hr', 'iframe', 'object', 'input', 'button', 'canvas'])
const HIDDEN = new Set(['script', 'style', 'head', 'title', 'template', 'noscript'])

/** True if HTML shows nothing: no text, no picture. */
export const isBlankHtml = offloaded(import.meta.url, showsNothing)

export function showsNothing(html: string): boolean {
  return !parseFragment(html).childNodes.some(node => shows(node))
}

const shows = (node: Node, depth = 0): boolean => {
  if (node.nodeName === '#text' && 'value' in node) return !isBlank(node.value)
  if (!('tagName' in node) || HIDDEN.has(node.tagName)) return false
  // Deeper is no text that anybody wrote, and would only end the stack.
  return SEEN.has(node.tagName) || depth > MAX_DEPTH || node.childNodes.some(child => shows(child, depth + 1))
}

const MAX_DEPTH = 200

/** A stretch of the source: of a line of text, or of what ends the line. */
interface Piece {
  said: string
  from: number
  to: number
}

const INLINE = new Set(
  'a abbr b bdi bdo big cite code em font i kbd label mark s samp small span strike strong sub sup tt u'.split(' ')
)

function linesOf(nodes: readonly Node[], html: string): Piece[][] {
  const lines: Piece[][] = [[]]
  for (const piece of nodes.flatMap(node => piecesOf(node, html, 0)))
    if (piece === END) lines.push([])
    else lines.at(-1)?.push(piece)
  return lines
}

/** Between two lines. */
const END: Piece = { said: '', from: 0, to: 0 }

function piecesOf(node: Node, html: string, depth: number): Piece[] {
  const place = node.sourceCodeLocation
  if (!place || depth > MAX_DEPTH) return []
  const [from, to] = [place.startOffset, place.endOffset]
  if (node.nodeName === '#text' && 'value' in node) return textPieces(node.value, html.slice(from, to), from)
  if (!('tagName' in node) || HIDDEN.has(node.tagName)) return []
  if (SEEN.has(node.tagName)) return [{ said: '\ufffc', from, to }]
  if (node.tagName === 'br') return [{ said: '', from, to }, END]
  const inner = node.childNodes.flatMap(child => piecesOf(child, html, depth + 1))
  return INLINE.has(node.tagName) ? inner : [END, ...inner, END]
}

/** Line ends of the source divide too, as whoever wrote it saw them. */
function textPieces(value: string, source: string, at: number): Piece[] {
  const [said, written] = [value.split('\n'), source.split(/(\r\n|\r|\n)/)]
  if (said.length * 2 - 1 !== written.length) return [{ said: value, from: at, to: at + source.length }]
  let from = at
  return written.map((part, index) => {
    const piece = index % 2 === 1 ? END : { said: said[index / 2] ?? '', from, to: from + part.length }
    from += part.length
    return piece
  })
}

/** Elements of which nothing is left go with what was in them. */
function without(html: string, cut: ReadonlySet<Piece>, nodes: readonly Node[]): string {
  const starts = [...cut].filter(({ to, from }) => to > from).map(({ from, to }) => [from, to] as const)
  const ranges = starts.toSorted(([one], [other]) => one - other)
  const end = ranges.at(-1)?.[1] ?? 0
  const emptied = (node: Node, depth: number): void => {
    const place = node.sourceCodeLocation
    if (!place || place.startOffset >= end || depth > MAX_DEPTH || !('tagName' in node) || HIDDEN.has(node.tagName))
      return
    if (place.endOffset <= end || isBlank(textAfter(node, end)))
      return void ranges.push([place.startOffset, place.endOffset])
    for (const child of node.childNodes) emptied(child, depth + 1)
  }
  for (const node of nodes) emptied(node, 0)
  let at = 0
  let kept = ''
  for (const [from, to] of ranges.toSorted(([one], [other]) => one - other)) {
    kept += html.slice(at, Math.max(at, from))
    at = Math.max(at, to)
  }
  return kept + html.slice(at)
}

const textAfter = (node: Node, end: number): string => {
  const place = node.sourceCodeLocation
  if (!place || place.endOffset <= end) return ''
  if (node.nodeName === '#text' && 'value' in node) return place.startOffset >= end ? node.value : '\ufffc'
  if (!('tagName' in node) || HIDDEN.has(node.tagName)) return ''
  return SEEN.has(node.tagName) ? '\ufffc' : node.childNodes.map(child => textAfter(child, end)).join('')
}
