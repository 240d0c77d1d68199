/** How what an operator reads is laid out. What others wrote cannot move the cursor of a terminal. */

export type Cell = string | number | Date | null

/** Rows below their titles, each column as wide as its widest cell. */
export const table = (titles: readonly string[], rows: readonly (readonly Cell[])[]): string =>
  columns([titles, ...rows]).join('\n')

/** A line for each that has a value, the names aligned. */
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
  return cell instanceof Date ? time(cell) : plainly(String(cell))
}

/** To the second, which is enough to find something by. */
const time = (at: Date) => `${at.toISOString().slice(0, 19)}Z`

/** On one line. */
export const plainly = (text: string) => text.replace(/\p{Cc}+/gu, ' ').trim()

/** Cut where it would fill the line. */
export const shortly = (text: string | null, length = 60) =>
  text && text.length > length ? `${text.slice(0, length - 1)}…` : text
