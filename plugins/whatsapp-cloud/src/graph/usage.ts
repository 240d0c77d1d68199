import { type Json, list, number, parse, record } from 'channel-kit/json'

/** How much of what Meta lets an account or an app call is used up, as its answers say. README.md, "Limits". */

const MINUTE_MS = 60_000
const SECOND_MS = 1_000

/** Percent from which on calls are spread. */
const MUCH = 80
const ALL = 100

/** How long the account has to rest after this answer; 0: not at all. */
export function restOf(headers: Headers): number {
  const most = Math.max(0, ...usesOf(headers).flatMap(percents))
  if (most >= ALL) return regainOf(headers) || MINUTE_MS
  return most >= MUCH ? (most - MUCH + 1) * (SECOND_MS / 2) : 0
}

/** When calls are taken again; 0: it does not say. */
export const regainOf = (headers: Headers): number =>
  Math.max(0, ...usesOf(headers).map(use => share(use.estimated_time_to_regain_access) * MINUTE_MS))

function usesOf(headers: Headers): Json[] {
  const business = Object.values(record(parse(headers.get('x-business-use-case-usage') ?? '')))
  const app = record(parse(headers.get('x-app-usage') ?? ''))
  return [...business.flatMap(list).map(record), app]
}

const percents = ({ call_count, total_time, total_cputime }: Json) => [call_count, total_time, total_cputime].map(share)

/** Nothing said is nothing used. */
const share = (value: unknown) => number(value) || 0
