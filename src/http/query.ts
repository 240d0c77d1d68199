import { isTooDeep } from '../protocol/depth.ts'
import { BadRequest } from './errors.ts'

/** A query parameter that holds JSON; an empty list when it is absent. Throws a 400 when it is no list or map, or nested too deep. */
export function jsonParameter(query: unknown, name: string): unknown {
  const text = (query as Record<string, unknown>)[name]
  if (text === undefined) return []
  try {
    const value: unknown = typeof text === 'string' && !isTooDeep(text) ? JSON.parse(text) : undefined
    if (typeof value === 'object' && value !== null) return value
  } catch {
    // Told below, like any other value that is none.
  }
  throw new BadRequest(`Query parameter ${name} must be a JSON list or map`)
}
