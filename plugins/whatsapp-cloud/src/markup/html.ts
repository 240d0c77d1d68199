import { type DefaultTreeAdapterTypes, html, parseFragment } from 'parse5'
import { BLANK, CODE, LINE, marked, type Style, showMarks, withoutMarks } from './marks.ts'
import { rowsOf, tableText } from './table.ts'

/** HTML as WhatsApp shows it, or, for places that take no markup, as plain text. README.md, "Formatting". */

type Node = DefaultTreeAdapterTypes.ChildNode
type Element = DefaultTreeAdapterTypes.Element

interface Scene {
  plain: boolean
  inList: boolean
  /** Markers that are on already are not set again. */
  styles: readonly Style[]
  /** Pieces of code, by number. */
  code: string[]
}

const STYLES: Readonly<Record<string, Style>> = {
  b: 'bold',
  strong: 'bold',
  i: 'italic',
  em: 'italic',
  s: 'strike',
  del: 'strike',
  strike: 'strike'
}

const SILENT = ['script', 'style', 'head', 'title', 'template', 'noscript', 'iframe', 'object', 'svg']
const BLOCKS = ['p', 'ul', 'ol', 'dl', 'section', 'article', 'header', 'footer', 'figure', 'form']
const LINES = ['div', 'li', 'dt', 'dd', 'tr', 'figcaption', 'address']

export function whatsAppText(source: string, { plain = false } = {}): string {
  const scene: Scene = { plain, inList: false, styles: [], code: [] }
  return withCode(finished(inside(parseFragment(withoutMarks(source)).childNodes, scene)), scene.code)
}

const inside = (nodes: readonly Node[], scene: Scene) => nodes.map(node => written(node, scene)).join('')

function written(node: Node, scene: Scene): string {
  if (node.nodeName === '#text') return (node as DefaultTreeAdapterTypes.TextNode).value.replace(/[\s]+/g, ' ')
  if (!('tagName' in node) || node.namespaceURI !== html.NS.HTML || SILENT.includes(node.tagName)) return ''
  const own = Object.hasOwn(ELEMENTS, node.tagName) ? ELEMENTS[node.tagName] : undefined
  if (own) return own(node, scene)
  const style = Object.hasOwn(STYLES, node.tagName) ? STYLES[node.tagName] : undefined
  if (style) return styled(style, node, scene)
  const inner = inside(node.childNodes, scene)
  if (BLOCKS.includes(node.tagName)) return block(inner, scene)
  return LINES.includes(node.tagName) ? `${LINE}${inner}${LINE}` : inner
}

function styled(style: Style, { childNodes }: Element, scene: Scene): string {
  if (scene.plain || scene.styles.includes(style)) return inside(childNodes, scene)
  return marked(style, inside(childNodes, { ...scene, styles: [...scene.styles, style] }))
}

const block = (inner: string, { inList }: Scene) => (inList ? `${LINE}${inner}${LINE}` : `${BLANK}${inner}${BLANK}`)

const heading = (element: Element, scene: Scene) => `${BLANK}${styled('bold', element, scene)}${BLANK}`

const ELEMENTS: Readonly<Record<string, (element: Element, scene: Scene) => string>> = {
  br: () => '\n',
  hr: () => `${BLANK}───${BLANK}`,
  h1: heading,
  h2: heading,
  h3: heading,
  h4: heading,
  h5: heading,
  h6: heading,
  a: link,
  img: picture,
  input: element => (attribute(element, 'type') === 'checkbox' ? checkbox(element) : ''),
  code: (element, scene) => code(textOf(element.childNodes), '`', scene),
  pre: (element, scene) => block(code(textOf(element.childNodes).replace(/^\n|\n$/g, ''), '```', scene), scene),
  blockquote: (element, scene) => block(quoted(inside(element.childNodes, scene)), scene),
  ul: items,
  ol: items,
  table: (element, scene) => {
    const rows = rowsOf(element, cell => finished(inside(cell.childNodes, scene)).replace(/\s+/g, ' '))
    const { text, aligned } = tableText(rows)
    return block(aligned ? code(text, '```', scene) : text, scene)
  }
}

function items({ tagName, childNodes, ...element }: Element, scene: Scene): string {
  let number = Number(attribute(element, 'start') || 1)
  const shown = childNodes.map(node => {
    if (node.nodeName !== 'li' || !('childNodes' in node)) return written(node, { ...scene, inList: true })
    const mark = tagName === 'ol' ? `${number++}. ` : '- '
    return `${LINE}${mark}${finished(inside(node.childNodes, { ...scene, inList: true }))}${LINE}`
  })
  return block(shown.join(''), scene)
}

const quoted = (inner: string) =>
  finished(inner)
    .split('\n')
    .map(line => `> ${line}`)
    .join('\n')

function link(element: Element, scene: Scene): string {
  const label = inside(element.childNodes, scene)
  const url = attribute(element, 'href')
  if (!/^https?:/i.test(url)) return label
  const same = [url, url.replace(/^https?:\/\//i, '')].map(bare).includes(bare(label.trim()))
  return same || !label.trim() ? url : `${label} (${url})`
}

const bare = (url: string) => url.replace(/\/$/, '')

function picture(element: Element): string {
  const [name, url] = [attribute(element, 'alt'), attribute(element, 'src')]
  if (!/^https?:/i.test(url)) return name
  return name ? `${name}: ${url}` : url
}

const checkbox = (element: Element) => (element.attrs.some(({ name }) => name === 'checked') ? '☑ ' : '☐ ')

const attribute = ({ attrs }: Pick<Element, 'attrs'>, wanted: string) =>
  attrs.find(({ name }) => name === wanted)?.value.trim() ?? ''

const textOf = (nodes: readonly Node[]): string =>
  nodes
    .map(node => {
      if (node.nodeName === '#text') return (node as DefaultTreeAdapterTypes.TextNode).value
      return node.nodeName === 'br' ? '\n' : 'childNodes' in node ? textOf(node.childNodes) : ''
    })
    .join('')

function code(text: string, fence: '`' | '```', { plain, code }: Scene): string {
  if (!text.trim()) return text
  const marks = fence === '`' && /[`\n]/.test(text) ? '```' : fence
  code.push(plain ? text : `${marks}${text.replaceAll('```', "'''")}${marks}`)
  return `${CODE.open}${code.length - 1}${CODE.close}`
}

const withCode = (text: string, code: readonly string[]) =>
  text.replace(new RegExp(`${CODE.open}(\\d+)${CODE.close}`, 'g'), (_, index: string) => code[Number(index)] ?? '')

const EDGE = new RegExp(`[ \\n${LINE}${BLANK}]*[\\n${LINE}${BLANK}][ \\n${LINE}${BLANK}]*`, 'g')

/** Line ends as they are shown: two blocks never touch, and are never more than an empty line apart. */
const finished = (text: string) =>
  showMarks(text.replace(EDGE, edge => (edge.includes(BLANK) || edge.split('\n').length > 2 ? '\n\n' : '\n')))
    .replace(/ {2,}/g, ' ')
    .trim()
