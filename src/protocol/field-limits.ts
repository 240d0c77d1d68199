import type { Definition, FieldNote } from 'channel-kit/form'
import { LIMITS } from './limits.ts'

/** The keywords that a form adds to JSON Schema, as the kit's builders write them. */
export interface FieldSchema {
  title: string
  description?: string
  default?: unknown
  writeOnly?: boolean
  maxLength?: number
  minItems?: number
  maxItems?: number
  'x-field': FieldNote
}

/**
 * Limits of every field of a form when it is saved, though its channel names none. They are not in its schema, which
 * also judges settings that were saved before there were limits. Pure.
 */

interface Excess {
  keyword: 'maxLength' | 'maxItems' | 'uniqueItems'
  limit?: number
}

const TEXTS: ReadonlySet<Definition> = new Set(['string', 'markdown', 'password', 'file'])

/** Most characters of a text field; undefined for other fields. */
function longest({ maxLength, 'x-field': { definition, multiline } }: FieldSchema): number | undefined {
  if (!TEXTS.has(definition)) return undefined
  if (maxLength !== undefined) return maxLength
  if (definition === 'password') return LIMITS.secret
  return definition === 'markdown' || multiline ? LIMITS.text : LIMITS.line
}

const mostItems = ({ maxItems, 'x-field': { definition } }: FieldSchema): number | undefined =>
  definition === 'listOfEnum' ? (maxItems ?? LIMITS.choices) : undefined

/** The limit that a value breaks, as far as the schema does not have it itself. */
export function excess(field: FieldSchema, value: unknown): Excess | undefined {
  const length = field.maxLength === undefined ? longest(field) : undefined
  if (length !== undefined && typeof value === 'string' && value.length > length)
    return { keyword: 'maxLength', limit: length }
  const most = mostItems(field)
  return most !== undefined && Array.isArray(value) ? excessOfList(value, most) : undefined
}

function excessOfList(keys: readonly unknown[], most: number): Excess | undefined {
  if (keys.length > Math.max(most, LIMITS.choices)) return { keyword: 'maxItems', limit: most }
  if (keys.some(key => typeof key === 'string' && key.length > LIMITS.id))
    return { keyword: 'maxLength', limit: LIMITS.id }
  return new Set(keys).size < keys.length ? { keyword: 'uniqueItems' } : undefined
}

/** The limits of a field as keywords of JSON Schema. */
export function limitKeywords(field: FieldSchema): object {
  const [maxLength, maxItems] = [longest(field), mostItems(field)]
  return {
    ...(maxLength === undefined ? {} : { maxLength }),
    ...(maxItems === undefined ? {} : { maxItems, uniqueItems: true })
  }
}
