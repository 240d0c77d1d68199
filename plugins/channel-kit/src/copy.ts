/**
 * Copies what other code made: each place is read once, so that what was
 * checked is what is used, whatever getters and proxies say the second time.
 * What comes of it is what JSON can say, and times.
 */

/** Places (members of lists and records) of one answer, all its characters, and how deep it goes. */
const MOST = { places: 500_000, characters: 32 * 1024 * 1024, depth: 32 } as const

/** Says in its message what was wrong, after the path of where. */
export class Uncopied extends Error {}

interface Left {
  places: number
  characters: number
}

/** Throws an `Uncopied` for what no JSON can say, and for what is too much. What cannot be read throws what it will. */
export const copied = (value: unknown): unknown => copy(value, '', 0, { ...MOST })

function copy(value: unknown, path: string, depth: number, left: Left): unknown {
  left.places -= 1
  if (left.places < 0) throw new Uncopied(`${at(path)} has too many members`)
  switch (typeof value) {
    case 'string':
      left.characters -= value.length
      if (left.characters < 0) throw new Uncopied(`${at(path)} has too many characters`)
      return value
    case 'number':
      return Number.isFinite(value) ? value : null
    case 'boolean':
    case 'undefined':
      return value
    case 'object':
      return value === null ? null : copyObject(value, path, depth, left)
    default:
      throw new Uncopied(`${at(path)} is a ${typeof value}, which JSON has not`)
  }
}

function copyObject(value: object, path: string, depth: number, left: Left): unknown {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : new Date(value)
  if (depth === MOST.depth) throw new Uncopied(`${at(path)} goes too deep`)
  if (Array.isArray(value)) {
    const length = value.length
    if (length > left.places) throw new Uncopied(`${at(path)} has too many members`)
    return Array.from({ length }, (_, index) => copy(value[index], `${path}/${index}`, depth + 1, left) ?? null)
  }
  const said = (value as { toJSON?: unknown }).toJSON
  if (typeof said === 'function') return copy(said.call(value), path, depth + 1, left)
  const entries: [string, unknown][] = []
  for (const key of Object.keys(value)) {
    left.characters -= key.length
    const inner = copy((value as Record<string, unknown>)[key], `${path}/${key}`, depth + 1, left)
    if (inner !== undefined) entries.push([key, inner])
  }
  return Object.fromEntries(entries)
}

const LONGEST_PATH = 200

/** A place as messages name it. */
export const at = (path: string): string =>
  path.length > LONGEST_PATH ? `${path.slice(0, LONGEST_PATH)}…` : path || '/'
