import { InvalidArgumentError, Option } from 'commander'
import { MILLISECONDS } from '../amounts.ts'

/** Options and arguments that several commands share, and what they stand for. */

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
    throw new InvalidArgumentError('An id is a whole number, as a list shows it.')
  return id
}

/** For an argument that may be given many times. */
export const moreIds = (text: string, before: readonly number[] = []): readonly number[] => [...before, idOf(text)]

function limit(text: string): number {
  const number = Number(text)
  if (!/^\d+$/.test(text) || number < 1 || number > 10_000)
    throw new InvalidArgumentError('The limit is a whole number from 1 to 10000.')
  return number
}

/** The rows of a page, and the id after which the next page begins; null: this is the last one. */
export function pageOf<Row extends { id: number }>(found: readonly Row[], limit: number) {
  const rows = found.slice(0, limit)
  return { rows, next: found.length > limit ? (rows.at(-1)?.id ?? null) : null }
}

export const nextPageHint = (next: number | null) => (next === null ? '' : `\nMore with --after ${next}`)

/** Throws unless the operator means either certain ids or all that fit. */
export function chosenIds(ids: readonly number[], { all = false, narrowed }: { all?: boolean; narrowed: boolean }) {
  if (ids.length > 0 && (all || narrowed)) throw new Error('Give ids, or --all with what narrows it down; not both.')
  if (ids.length === 0 && !all) throw new Error('Say which: give their ids, or --all.')
  return ids.length > 0 ? [...new Set(ids)] : undefined
}

const MAX_AGE_MS = 100 * 365 * MILLISECONDS.d

/**
 * A duration as in the configuration, but never without its unit: a bare number means seconds there, and an operator
 * who cleans up would take it for hours or days.
 */
export function ageOf(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text === '0' ? '0s' : text) ?? []
  if (!number) throw new InvalidArgumentError('An age is a number with a unit, such as 30d, 12h, 90m or 45s.')
  const milliseconds = Number(number) * MILLISECONDS[unit as keyof typeof MILLISECONDS]
  if (milliseconds > MAX_AGE_MS) throw new InvalidArgumentError('An age is not more than a hundred years.')
  return milliseconds
}

export const olderThanOption = (what: string) =>
  new Option('--older-than <age>', what).argParser(ageOf).default(30 * MILLISECONDS.d, '30d')

export const sinceOption = () => new Option('--since <age>', 'accepted since, such as 2h').argParser(ageOf)

export const dryRunOption = (what = 'only count what would be removed') => new Option('--dry-run', what)

export interface CleanOptions {
  olderThan: number
  dryRun?: boolean
}

/** The moment before which something has that age. */
export const limitOf = (olderThan: number) => new Date(Date.now() - olderThan)
