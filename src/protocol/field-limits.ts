import type { Definition } from 'channel-kit/form'
import type { FieldSchema } from './field.ts'
import { LIMITS } from './limits.ts'

/**
 * What every field of a form is held to when it is saved, though its channel
 * names no limit. Not by its schema, which also judges what has been saved
 * before there were limits. Pure.
 */

interface Excess {
  keyword: 'maxLength' | 'maxItems' | 'uniqueItems'
  limit?: number
}

const TEXTS: ReadonlySet<Definition> = new Set(['string', 'markdown', 'password', 'file'])

/** Most characters of a text; undefined for what is none. */
function longest({ maxLength, 'x-field': { definition, multiline } }: FieldSchema): number | undefined {
  if (!TEXTS.has(definition)) return undefined
  if (maxLength !== undefined) return maxLength
  if (definition === 'password') return LIMITS.secret
  return definition === 'markdown' || multiline ? LIMITS.text : LIMITS.line
}

const mostItems = ({ maxItems, 'x-field': { definition } }: FieldSchema): number | undefined =>
  definition === 'listOfEnum' ? (maxItems ?? LIMITS.choices) : undefined

/** What is too long, too many or there twice, as far as the schema does not say so itself. */
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

/** The same in the words of JSON Schema. */
export function limitKeywords(field: FieldSchema): object {
  const [maxLength, maxItems] = [longest(field), mostItems(field)]
  return {
    ...(maxLength === undefined ? {} : { maxLength }),
    ...(maxItems === undefined ? {} : { maxItems, uniqueItems: true })
  }
}
