/**
 * Reads JSON of a gateway, or of anyone else who promises nothing: what is not as expected is empty, never an exception.
 * `String(value)` and `Number(value)` are no way to do so: `{"toString": null}` throws.
 */

export type Json = Readonly<Record<string, unknown>>

export const record = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {}

export const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

/**
 * Numbers count as texts, since ids and times come as either. Half a character, and NUL, are nothing that a database or
 * a CRM could take.
 */
export const text = (value: unknown): string =>
  typeof value === 'string' ? value.toWellFormed().replaceAll('\0', '') : typeof value === 'number' ? String(value) : ''

/** NaN: it is none. Anything else would be asked for its own `toString`, which may be what a stranger wrote. */
export const number = (value: unknown): number =>
  typeof value === 'number' ? value : typeof value === 'string' && value.trim() ? Number(value) : Number.NaN

/** Undefined: it is no JSON. */
export function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}
