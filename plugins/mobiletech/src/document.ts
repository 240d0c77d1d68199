import { DOMImplementation, DOMParser, type Element, onErrorStopParsing, XMLSerializer } from '@xmldom/xmldom'

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

/** Reads any bytes. A DOCTYPE is refused before anything is parsed, since it can only do harm. */
export function readDocument(bytes: Uint8Array): Read {
  const xml = textOf(bytes)
  if (!xml.trim()) return unreadable('there is nothing')
  if (hasDoctype(xml)) return unreadable('a DOCTYPE is not allowed')
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

/** By the byte order mark, else by the declaration, else UTF-8. */
function textOf(bytes: Uint8Array): string {
  const [first = 0, second = 0] = bytes
  if (first === 0xfe && second === 0xff) return decoded(bytes, 'utf-16be')
  if (first === 0xff && second === 0xfe) return decoded(bytes, 'utf-16le')
  const [, declared = ''] = /^<\?xml[^>]*?encoding\s*=\s*["']([\w.:-]+)["']/.exec(latin1(bytes.subarray(0, 200))) ?? []
  // A declaration that can be read byte by byte is not UTF-16, whatever it says.
  return decoded(bytes, /^(?:utf-?16.*|)$/i.test(declared) ? 'utf-8' : declared)
}

/**
 * Texts that are not in the charset they claim are read as Latin-1, which never fails: a wrong letter is better than no
 * SMS. Two bytes a letter are never Latin-1; an SMS may end in the middle of an emoji.
 */
export function decoded(bytes: Uint8Array, charset: string): string {
  try {
    return new TextDecoder(charset, { fatal: !charset.startsWith('utf-16') }).decode(bytes)
  } catch {
    return latin1(bytes)
  }
}

const latin1 = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1')

/** It can only stand before the root, among white space, comments and instructions. */
function hasDoctype(xml: string): boolean {
  let rest = xml.trimStart()
  for (;;) {
    const [opening, closing] = rest.startsWith('<?') ? ['<?', '?>'] : ['<!--', '-->']
    const end = rest.startsWith(opening) ? rest.indexOf(closing, opening.length) : -1
    if (end < 0) return /^<!DOCTYPE/i.test(rest)
    rest = rest.slice(end + closing.length).trimStart()
  }
}
