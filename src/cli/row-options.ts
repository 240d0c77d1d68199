import { InvalidArgumentError, Option } from 'commander'

/** How an operator says which rows. */

export const registrationOption = () =>
  new Option('--registration <id>', 'only of this registration, see `registrations list`').argParser(idOf)

export const limitOption = () => new Option('--limit <number>', 'how many at most').argParser(limit).default(50)

export const afterOption = () =>
  new Option('--after <id>', 'go on after this one, the last that was listed').argParser(idOf)

export const allOption = () => new Option('--all', 'all that fit, instead of certain ids')

export interface PageOptions {
  limit: number
  after?: number
}

export function idOf(text: string): number {
  const id = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(id) || id === 0)
    throw new InvalidArgumentError('It is a whole number, as a list shows it.')
  return id
}

/** For an argument that may be given many times. */
export const moreIds = (text: string, before: readonly number[] = []): readonly number[] => [...before, idOf(text)]

function limit(text: string): number {
  const number = Number(text)
  if (!/^\d+$/.test(text) || number < 1 || number > 10_000)
    throw new InvalidArgumentError('It is a whole number from 1 to 10000.')
  return number
}

/** The rows of a page, and after which one the next page begins; null: this is the last one. */
export function paged<Row extends { id: number }>(found: readonly Row[], limit: number) {
  const rows = found.slice(0, limit)
  return { rows, next: found.length > limit ? (rows.at(-1)?.id ?? null) : null }
}

export const continued = (next: number | null) => (next === null ? '' : `\nMore with --after ${next}`)

/** Throws unless it is clear what is meant: certain ids, or all that fit. */
export function chosenIds(ids: readonly number[], { all = false, narrowed }: { all?: boolean; narrowed: boolean }) {
  if (ids.length > 0 && (all || narrowed)) throw new Error('Give ids, or --all with what narrows it down; not both.')
  if (ids.length === 0 && !all) throw new Error('Say which: give their ids, or --all.')
  return ids.length > 0 ? [...new Set(ids)] : undefined
}
