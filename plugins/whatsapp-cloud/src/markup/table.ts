/** Tables, which WhatsApp has none of. */

/** Letters of all columns; wider tables would be broken by a phone anyway. */
const WIDEST = 80

/** Two columns read well as `a: b`; more have to stand in columns, in letters of one width. */
export function tableText(given: readonly (readonly string[])[]): { text: string; aligned: boolean } {
  const rows = given.filter(row => row.some(Boolean))
  const widths: number[] = []
  for (const row of rows) for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, widthOf(cell))
  if (widths.length <= 2) return { text: linesOf(rows, ': '), aligned: false }
  if (widths.reduce((sum, width) => sum + width, 0) > WIDEST) return { text: linesOf(rows, ' | '), aligned: false }
  const line = (row: readonly string[]) =>
    row
      .map((cell, at) => padded(cell, widths[at] ?? 0))
      .join('  ')
      .trimEnd()
  return { text: rows.map(line).join('\n'), aligned: true }
}

const linesOf = (rows: readonly (readonly string[])[], between: string) =>
  rows.map(row => row.filter(Boolean).join(between)).join('\n')

const widthOf = (cell: string) => [...cell].length

const padded = (cell: string, width: number) => cell + ' '.repeat(Math.max(0, width - widthOf(cell)))
