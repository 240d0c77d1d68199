/** Most characters of what a stranger wrote that an answer or a log repeats. */
const LONGEST = 200

/** What somebody else wrote, as it may stand in an answer or a log: a text as it is, anything else as JSON, cut to 200 characters. */
export function quoted(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing')
  if (text.length <= LONGEST) return text.toWellFormed()
  const half = /[\ud800-\udbff]$/.test(text.slice(0, LONGEST - 1))
  return `${text.slice(0, LONGEST - 1 - Number(half))}…`.toWellFormed()
}
