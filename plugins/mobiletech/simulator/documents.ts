import { DOMParser } from '@xmldom/xmldom'

/** Documents as the gateway writes and reads them; on purpose not by the channel's own code. */

export type Fields = Readonly<Record<string, string>>

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** Indented, as the gateway's own documents are; `cdata` names fields that are written so. */
export const written = (command: string, fields: Fields, cdata: readonly string[] = []): string =>
  [
    '<?xml version="1.0" encoding="UTF-8" ?>',
    `<message command="${command}">`,
    ...Object.entries(fields).map(([name, text]) =>
      cdata.includes(name) ? `  <${name}><![CDATA[${text}]]></${name}>` : `  <${name}>${escaped(text)}</${name}>`
    ),
    '</message>'
  ].join('\n')

export interface Parsed {
  root: string
  command: string
  fields: Fields
}

/** Undefined when it is no XML. */
export function parsed(xml: string): Parsed | undefined {
  try {
    const root = new DOMParser({ onError: () => {} }).parseFromString(xml, 'text/xml').documentElement
    if (!root) return undefined
    const children = Array.from(root.childNodes).filter(node => node.nodeType === node.ELEMENT_NODE)
    return {
      root: root.nodeName,
      command: root.getAttribute('command') ?? '',
      fields: Object.fromEntries(children.map(node => [node.nodeName, node.textContent ?? '']))
    }
  } catch {
    return undefined
  }
}
