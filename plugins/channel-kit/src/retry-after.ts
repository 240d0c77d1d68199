/** Longer is a mistake of the gateway's, or of a proxy's, and would silence an account. */
export const MAX_RETRY_AFTER_MS = 3_600_000

/**
 * Reads the header `Retry-After`: seconds, with or without a fraction or a unit, or a date of HTTP. Milliseconds from
 * now, at most an hour; undefined where it says nothing that can be waited for, such as a time that is over.
 */
export function retryAfterMs(header: string | null | undefined, now: Date): number | undefined {
  const said = header?.trim() ?? ''
  const [, seconds] = /^\+?(\d{1,400}(?:\.\d{1,20})?|\.\d{1,20})\s?(?:s|sec|secs|seconds?)?$/i.exec(said) ?? []
  const ms = seconds === undefined ? dateIn(said) - now.getTime() : Number(seconds) * 1_000
  if (seconds !== undefined && !Number.isFinite(ms)) return MAX_RETRY_AFTER_MS
  return ms > 0 ? Math.min(Math.ceil(ms), MAX_RETRY_AFTER_MS) : undefined
}

/** Only what looks like a date: the parser takes "-5" and "1e4" for one. */
const dateIn = (said: string): number =>
  /^(?:[a-z]{3,9},? |\d{4}-\d\d-\d\d)/i.test(said) && said.length < 50 ? Date.parse(said) : Number.NaN
