import { InvalidArgumentError, Option } from 'commander'
import { MILLISECONDS } from '../config.ts'

const LONGEST_DURATION_MS = 100 * 365 * MILLISECONDS.d

/**
 * Written like the durations of the configuration, but with its unit: a bare
 * number means seconds there, and hours or days to who cleans up.
 */
export function ageOf(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text === '0' ? '0s' : text) ?? []
  if (!number) throw new InvalidArgumentError('It is a number with a unit, such as 30d, 12h, 90m or 45s.')
  const milliseconds = Number(number) * MILLISECONDS[unit as keyof typeof MILLISECONDS]
  if (milliseconds > LONGEST_DURATION_MS) throw new InvalidArgumentError('That is more than a hundred years.')
  return milliseconds
}

export const olderThanOption = (what: string) =>
  new Option('--older-than <age>', what).argParser(ageOf).default(30 * MILLISECONDS.d, '30d')

export const sinceOption = () => new Option('--since <age>', 'accepted since, such as 2h').argParser(ageOf)

export const dryRunOption = (what = 'only tell what would be removed') => new Option('--dry-run', what)

export interface CleanOptions {
  olderThan: number
  dryRun?: boolean
}

export const limitOf = (olderThan: number) => new Date(Date.now() - olderThan)
