import { decodeHTMLStrict } from 'entities'

/**
 * Reads a document that is no XML but was meant to be: with `&` and `<` that
 * stand for themselves, entities of HTML, control characters, rubbish behind the
 * root. All that it takes is that fields are flat and end. In one pass, however
 * long it is: a field that does not end ends the reading.
 */
export function readLeniently(
  xml: string
): { root: string; command: string; fields: ReadonlyMap<string, string> } | undefined {
  // Shared by all calls, each of which is over before the next one begins.
  const next = TAG
  next.lastIndex = 0
  const [, , root = '', attributes = ''] = next.exec(xml) ?? []
  const fields = new Map<string, string>()
  for (let match = next.exec(xml); match; match = next.exec(xml)) {
    const [tag, slash, name = ''] = match
    if (slash) return name === root ? { root, command: commandOf(attributes), fields } : undefined
    const text = tag.endsWith('/>') ? '' : fieldText(xml, name, next)
    if (text === undefined) return undefined
    if (!fields.has(name)) fields.set(name, said(text))
  }
  return undefined
}

/** Up to the field's closing tag, behind which `next` goes on; undefined if there is none. */
function fieldText(xml: string, name: string, next: RegExp): string | undefined {
  const start = next.lastIndex
  const end = endOf(xml, name, start)
  next.lastIndex = xml.indexOf('>', end) + 1
  return end < 0 ? undefined : xml.slice(start, end)
}

/** The next tag, whatever is before it that is none. */
const TAG = /(?:[^<]|<!--(?:(?!-->).)*-->|<\?(?:(?!\?>).)*\?>)*<(\/?)([\p{L}_][\w:.-]*)((?:\s[^<>]*)?)\/?>/suy

const commandOf = (attributes: string) => {
  const [, , command = ''] = /(?:^|\s)command\s*=\s*(["'])(.*?)\1/s.exec(attributes) ?? []
  return said(command)
}

const MARK = /<!\[CDATA\[|<\/([\p{L}_][\w:.-]*)(?=[\s>])[^<>]{0,20}>/gu

/** Position of the closing tag; one in a CDATA section is text. A section that does not end is text itself. */
function endOf(xml: string, name: string, from: number): number {
  MARK.lastIndex = from
  for (let mark = MARK.exec(xml); mark; mark = MARK.exec(xml)) {
    if (mark[1] === name) return mark.index
    if (mark[1] !== undefined) continue
    const closed = xml.indexOf(']]>', MARK.lastIndex)
    if (closed < 0) return xml.indexOf(`</${name}>`, MARK.lastIndex)
    MARK.lastIndex = closed + 3
  }
  return -1
}

/** Sections of CDATA as they are, the rest with its entities read. */
function said(text: string): string {
  const read: string[] = []
  let at = 0
  for (;;) {
    const start = text.indexOf(CDATA, at)
    const end = start < 0 ? -1 : text.indexOf(']]>', start)
    if (end < 0) return [...read, decodeHTMLStrict(text.slice(at))].join('')
    read.push(decodeHTMLStrict(text.slice(at, start)), text.slice(start + CDATA.length, end))
    at = end + 3
  }
}

const CDATA = '<![CDATA['
