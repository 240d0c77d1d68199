/** Layout of texts for an operator. Control characters go, since texts of contacts must not move a terminal's cursor. */

export type Cell = string | number | Date | null

/** Rows below their titles, each column as wide as its widest cell. */
export const table = (titles: readonly string[], rows: readonly (readonly Cell[])[]): string =>
  columns([titles, ...rows]).join('\n')

/** A line for each fact that has a value, the names aligned. */
export const facts = (all: readonly (readonly [name: string, value: Cell | undefined])[]): string =>
  columns(all.filter(([, value]) => value !== null && value !== undefined) as [string, Cell][]).join('\n')

function columns(rows: readonly (readonly Cell[])[]): string[] {
  const texts = rows.map(row => row.map(shown))
  const widths = (texts[0] ?? []).map((_, column) => Math.max(...texts.map(row => row[column]?.length ?? 0)))
  return texts.map(row =>
    row
      .map((text, column) => text.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  )
}

const shown = (cell: Cell): string => {
  if (cell === null) return '-'
  return cell instanceof Date ? time(cell) : oneLine(String(cell))
}

/** The time to the second, which is enough to find a row by. */
const time = (at: Date) => `${at.toISOString().slice(0, 19)}Z`

/** The text without line ends and other control characters. */
export const oneLine = (text: string) => text.replace(/\p{Cc}+/gu, ' ').trim()

/** The text cut to `length`, so that a table stays readable. */
export const shorten = (text: string | null, length = 60) =>
  text && text.length > length ? `${text.slice(0, length - 1)}…` : text
