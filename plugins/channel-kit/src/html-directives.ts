import { type DefaultTreeAdapterTypes, parseFragment } from 'parse5'
import { type Directed, readDirectives } from './directives.ts'
import { isBlank } from './typed.ts'

type Node = DefaultTreeAdapterTypes.ChildNode

/** Directives of a text in HTML: read as a person sees it, cut out of the source, of which all else stays as it is. */
export function readHtmlDirectives<Word extends string>(html: string, words: readonly Word[]): Directed<Word> {
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

/** Whether HTML shows nothing: no text, no picture. */
export const isBlankHtml = (html: string): boolean => !parseFragment(html).childNodes.some(node => shows(node))

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
  const add = (piece: Piece) => lines.at(-1)?.push(piece)
  const end = () => void lines.push([])
  const walk = (node: Node, depth: number): void => {
    const place = node.sourceCodeLocation
    if (!place || depth > MAX_DEPTH) return
    const whole = { from: place.startOffset, to: place.endOffset }
    if (node.nodeName === '#text' && 'value' in node)
      textLines(node.value, html.slice(whole.from, whole.to), whole.from)
    else if ('tagName' in node && !HIDDEN.has(node.tagName)) {
      if (SEEN.has(node.tagName)) add({ said: '\ufffc', ...whole })
      else if (node.tagName === 'br') add({ said: '', ...whole })
      else walkAll(node, depth)
      if (node.tagName === 'br') end()
    }
  }
  const walkAll = ({ tagName, childNodes }: DefaultTreeAdapterTypes.Element, depth: number) => {
    const isBlock = !INLINE.has(tagName)
    if (isBlock) end()
    for (const child of childNodes) walk(child, depth + 1)
    if (isBlock) end()
  }
  const textLines = (value: string, source: string, at: number) => {
    const [said, written] = [value.split('\n'), source.split(/\r\n|\r|\n/)]
    if (said.length !== written.length) return void add({ said: value, from: at, to: at + source.length })
    let from = at
    for (const [index, line] of written.entries()) {
      if (index > 0) end()
      add({ said: said[index] ?? '', from, to: from + line.length })
      from += line.length + (source.startsWith('\r\n', from - at + line.length) ? 2 : 1)
    }
  }
  for (const node of nodes) walk(node, 0)
  return lines
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
