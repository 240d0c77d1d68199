import type { DefaultTreeAdapterTypes } from 'parse5'

/** Tables, which WhatsApp has none of. */

type Element = DefaultTreeAdapterTypes.Element

export function rowsOf(table: Element, cell: (element: Element) => string): readonly (readonly string[])[] {
  const rows: string[][] = []
  const visit = (element: Element) => {
    for (const child of element.childNodes) {
      if (!('tagName' in child)) continue
      if (child.tagName === 'tr') rows.push(cellsOf(child).map(cell))
      else visit(child)
    }
  }
  visit(table)
  return rows.filter(row => row.some(Boolean))
}

const cellsOf = (row: Element) =>
  row.childNodes.filter(
    (child): child is Element => 'tagName' in child && (child.tagName === 'td' || child.tagName === 'th')
  )

/** Two columns read well as `a: b`; more have to stand in columns, in letters of one width. */
export function tableText(rows: readonly (readonly string[])[]): { text: string; aligned: boolean } {
  const columns = Math.max(0, ...rows.map(row => row.length))
  if (columns <= 2) return { text: rows.map(row => row.filter(Boolean).join(': ')).join('\n'), aligned: false }
  const widths = Array.from({ length: columns }, (_, at) => Math.max(...rows.map(row => [...(row[at] ?? '')].length)))
  const line = (row: readonly string[]) =>
    widths
      .map((width, at) => padded(row[at] ?? '', width))
      .join('  ')
      .trimEnd()
  return { text: rows.map(line).join('\n'), aligned: true }
}

const padded = (cell: string, width: number) => cell + ' '.repeat(Math.max(0, width - [...cell].length))
