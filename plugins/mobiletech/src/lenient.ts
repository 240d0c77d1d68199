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
  const next = new RegExp(TAG)
  const [, , root = '', attributes = ''] = next.exec(xml) ?? []
  const fields = new Map<string, string>()
  for (let match = next.exec(xml); match; match = next.exec(xml)) {
    const [tag, slash, name = ''] = match
    if (slash) return name === root ? { root, command: commandOf(attributes), fields } : undefined
    const start = next.lastIndex
    const end = tag.endsWith('/>') ? start : endOf(xml, name, start)
    if (end < 0) return undefined
    if (end > start || !tag.endsWith('/>')) next.lastIndex = xml.indexOf('>', end) + 1
    if (!fields.has(name)) fields.set(name, said(xml.slice(start, end)))
  }
  return undefined
}

/** The next tag, whatever is before it that is none. */
const TAG = /(?:[^<]|<!--(?:(?!-->).)*-->|<\?(?:(?!\?>).)*\?>)*<(\/?)([\p{L}_][\w:.-]*)((?:\s[^<>]*)?)\/?>/suy

const commandOf = (attributes: string) => {
  const [, , command = ''] = /(?:^|\s)command\s*=\s*(["'])(.*?)\1/s.exec(attributes) ?? []
  return said(command)
}

/** Of the closing tag; one in a CDATA section is text. */
function endOf(xml: string, name: string, from: number): number {
  const closing = new RegExp(
    `<!\\[CDATA\\[(?:(?!\\]\\]>).)*\\]\\]>|</${name.replaceAll('.', '\\.')}(?=[\\s>])[^<>]{0,20}>`,
    'gsu'
  )
  closing.lastIndex = from
  for (let match = closing.exec(xml); match; match = closing.exec(xml))
    if (match[0].startsWith('</')) return match.index
  return -1
}

const said = (text: string): string =>
  text
    .split(/(<!\[CDATA\[(?:(?!\]\]>).)*\]\]>)/s)
    .map(part => (part.startsWith('<![CDATA[') && part.endsWith(']]>') ? part.slice(9, -3) : decodeHTMLStrict(part)))
    .join('')
