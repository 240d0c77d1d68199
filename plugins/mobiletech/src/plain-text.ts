import type { Content } from 'channel-kit/chat'
import { markdownHtml } from 'channel-kit/markdown'
import { offloaded } from 'channel-kit/offload'
import { type DefaultTreeAdapterTypes, parseFragment } from 'parse5'

type Node = DefaultTreeAdapterTypes.ChildNode

/** Text of any format, as an SMS can say it. */
export async function plainText({ text, format }: Content): Promise<string> {
  if (format === 'text') return tidy(text)
  return htmlText(format === 'html' ? text : await markdownHtml(text, { html: 'kept', marks: true }))
}

const htmlText = offloaded(import.meta.url, textOfHtml)

export function textOfHtml(html: string): string {
  return tidy(brokenIntoLines(textOf(parseFragment(bare(html)).childNodes)))
}

/** The lookbehind anchors at the first space of a run; without it the regex is quadratic. */
const tidy = (text: string) =>
  bare(text)
    .replace(/(?<![ \u00a0])[ \u00a0]+\n/g, '\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim()

/**
 * Control characters have no place in XML 1.0, and a tab is a space to a phone. Every end of a line is the one that an
 * SMS has: readers of XML make one of the others, too.
 */
const bare = (text: string) =>
  text
    .toWellFormed()
    .replace(/\r\n?|[\u0085\u2028\u2029]/g, '\n')
    .replace(/\t/g, ' ')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what has to go
    .replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\ufffe\uffff]/g, '')

/** Between blocks: as much as both neighbours want, and not twice. No text has these. */
const NEW_LINE = '\u0001'
const BLANK_LINE = '\u0002'
const BREAK = '\u0003'

const brokenIntoLines = (text: string) =>
  text
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are the marks above
    .replace(/(?<! ) *[\u0001\u0002][\u0001\u0002 ]*/g, marks => (marks.includes(BLANK_LINE) ? '\n\n' : '\n'))
    // biome-ignore lint/suspicious/noControlCharactersInRegex: as above
    .replace(/(?<! ) *\u0003 */g, '\n')

const HIDDEN = new Set(['script', 'style', 'head', 'title', 'template', 'noscript'])
const PARAGRAPHS = new Set(['p', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'blockquote', 'pre', 'ul', 'ol', 'table'])
const LINES = new Set(['div', 'li', 'tr', 'section', 'article', 'header', 'footer', 'dt', 'dd', 'hr'])

/** Deeper is no text that anybody wrote, and would only end the stack. */
const MAX_DEPTH = 200

interface Place {
  preformatted: boolean
  depth: number
}

const textOf = (nodes: readonly Node[], place: Place = { preformatted: false, depth: 0 }): string =>
  place.depth > MAX_DEPTH ? '' : nodes.map(node => nodeText(node, place)).join('')

function nodeText(node: Node, { preformatted, depth }: Place): string {
  if (node.nodeName === '#text' && 'value' in node)
    return preformatted ? node.value : node.value.replace(/[ \t\r\n\f]+/g, ' ')
  if (!('tagName' in node) || HIDDEN.has(node.tagName)) return ''
  const inner = textOf(node.childNodes, { preformatted: preformatted || node.tagName === 'pre', depth: depth + 1 })
  return elementText(node, inner)
}

function elementText(element: DefaultTreeAdapterTypes.Element, inner: string): string {
  const { tagName } = element
  if (tagName === 'br') return BREAK
  if (tagName === 'a') return linkText(inner, attribute(element, 'href'))
  if (tagName === 'img') return attribute(element, 'alt')
  if (tagName === 'td' || tagName === 'th') return `${inner.trim()} `
  if (tagName === 'li') return `${NEW_LINE}${marker(element)}${unbroken(inner)}${NEW_LINE}`
  if (PARAGRAPHS.has(tagName) && !isInItem(element))
    return `${between(element, 'before')}${inner}${between(element, 'after')}`
  return LINES.has(tagName) || PARAGRAPHS.has(tagName) ? `${NEW_LINE}${inner}${NEW_LINE}` : inner
}

/** Nothing but a line's end where that was typed. */
const between = (element: DefaultTreeAdapterTypes.Element, side: 'before' | 'after') =>
  attribute(element, `data-${side}`) === 'line' ? NEW_LINE : BLANK_LINE

const isInItem = ({ parentNode }: DefaultTreeAdapterTypes.Element) => parentNode?.nodeName === 'li'

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are the marks above
const unbroken = (inner: string) => inner.replace(/^[\u0001\u0002 ]+|(?<![\u0001\u0002 ])[\u0001\u0002 ]+$/g, '')

/** The places of a list's items, counted once: counted for each item, 16,384 of them took 4 s. */
const places = new WeakMap<object, ReadonlyMap<Node, number>>()

function placesIn(list: DefaultTreeAdapterTypes.Element): ReadonlyMap<Node, number> {
  const known = places.get(list)
  if (known) return known
  const items = list.childNodes.filter(({ nodeName }) => nodeName === 'li')
  const made = new Map(items.map((item, place) => [item, place]))
  places.set(list, made)
  return made
}

/** As it was typed; else a number where the list has numbers, and a dash. */
function marker(item: DefaultTreeAdapterTypes.Element): string {
  const [mark] = /^(?:[-+*]|\d{1,9}[.)])$/.exec(attribute(item, 'data-mark')) ?? []
  if (mark) return `${mark} `
  const { parentNode: list } = item
  if (!list || !('tagName' in list) || list.tagName !== 'ol') return '- '
  return `${Number(attribute(list, 'start') || 1) + (placesIn(list).get(item) ?? 0)}. `
}

const linkText = (inner: string, href: string) => {
  const said = inner.trim()
  const address = href.replace(/^(?:mailto|tel):/, '')
  return !said || said === address || said === href || !address ? said || address : `${said} (${address})`
}

const attribute = ({ attrs }: DefaultTreeAdapterTypes.Element, name: string) =>
  attrs.find(attr => attr.name === name)?.value ?? ''
