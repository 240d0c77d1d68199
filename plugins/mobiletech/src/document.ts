import { DOMImplementation, DOMParser, type Element, onErrorStopParsing, XMLSerializer } from '@xmldom/xmldom'
import { isBlank } from 'channel-kit/typed'
import { textOf } from './bytes.ts'
import { readLeniently } from './malformed-xml.ts'

/** The documents of the protocol: one root with a `command`, and flat texts below it. Source: README.md, "The protocol". */

export interface Document {
  /** The root's name; the gateway says `message`. */
  root: string
  /** '' if there is none. */
  command: string
  /** By the name of the element; the first of a name counts. */
  fields: ReadonlyMap<string, string>
}

export type Read = { kind: 'document'; document: Document } | { kind: 'unreadable'; reason: string }

/**
 * Reads any bytes, as XML and else as what was meant to be. A DOCTYPE is refused before anything is parsed, since it can
 * only do harm. `type` is the header `Content-Type`, whose charset counts before the declaration's.
 */
export function readDocument(bytes: Uint8Array, type = ''): Read {
  const xml = visibleStart(textOf(bytes, charsets(bytes, type)))
  if (!xml) return unreadable('there is nothing')
  if (hasDoctype(xml)) return unreadable('a DOCTYPE is not allowed')
  const read = readXml(xml)
  if (read.kind === 'document') return read
  const meant = readLeniently(xml)
  return meant ? { kind: 'document', document: meant } : read
}

/** Blanks, marks and zeros before the document are none of it. */
const visibleStart = (text: string) =>
  text.replace(/^[^<]{0,100}?(?=<)/, blank => (isBlank(blank) ? '' : blank)).trimEnd()

function readXml(xml: string): Read {
  try {
    const { doctype, documentElement: root } = new DOMParser({
      onError: onErrorStopParsing,
      locator: false
    }).parseFromString(xml, 'application/xml')
    if (doctype) return unreadable('a DOCTYPE is not allowed')
    return root ? { kind: 'document', document: documentOf(root) } : unreadable('there is no root')
  } catch (error) {
    return unreadable(error instanceof Error ? error.message.split('\n', 1).join('') : 'it is no XML')
  }
}

/** An empty text is an element with both tags. Declaration, line end, root, line end: the answers are exact to the byte. */
export function writeDocument(command: string, fields: Readonly<Record<string, string>>): string {
  const document = new DOMImplementation().createDocument(null, 'message')
  const root = document.documentElement as Element
  root.setAttribute('command', command)
  for (const [name, text] of Object.entries(fields))
    root.appendChild(document.createElement(name)).appendChild(document.createTextNode(text))
  return `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(document)}\n`
}

function documentOf(root: Element): Document {
  const fields = new Map<string, string>()
  for (let child = root.firstChild; child; child = child.nextSibling)
    if (child.nodeType === child.ELEMENT_NODE && !fields.has(child.nodeName))
      fields.set(child.nodeName, child.textContent ?? '')
  return { root: root.nodeName, command: root.getAttribute('command') ?? '', fields }
}

const unreadable = (reason: string): Read => ({ kind: 'unreadable', reason })

/** As they are named, the header first (RFC 7303). */
function charsets(bytes: Uint8Array, type: string): string[] {
  const start = Buffer.from(bytes.subarray(0, 200)).toString('latin1')
  const [, header] = /;\s*charset\s*=\s*["']?([\w.:-]+)/i.exec(type.slice(0, 200)) ?? []
  const [, declared] = /^[^<]{0,100}<\?xml[^>]{0,100}?encoding\s{0,9}=\s{0,9}["']([\w.:-]+)["']/.exec(start) ?? []
  return [header, declared].filter(name => name !== undefined)
}

/** A doctype can only stand before the root, among white space, comments and instructions. */
function hasDoctype(xml: string): boolean {
  let rest = xml.trimStart()
  for (;;) {
    const [opening, closing] = rest.startsWith('<?') ? ['<?', '?>'] : ['<!--', '-->']
    const end = rest.startsWith(opening) ? rest.indexOf(closing, opening.length) : -1
    if (end < 0) return /^<!DOCTYPE/i.test(rest)
    rest = rest.slice(end + closing.length).trimStart()
  }
}
