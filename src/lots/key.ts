import { createHash } from 'node:crypto'

/** By which equal keys of lots are found. */
export const hashOf = (key: unknown) =>
  createHash('sha256')
    .update(JSON.stringify(sorted(key)))
    .digest('hex')

/** Equal keys are written equally. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([name, inner]) => [name, sorted(inner)]))
}
