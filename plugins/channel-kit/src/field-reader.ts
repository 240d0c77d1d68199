import type { TObject } from 'typebox'
import { Compile } from 'typebox/compile'
import { at, copied, Uncopied } from './copy.ts'

/** A valid value of a channel's answer, or the first place that is wrong and why. */
export type Read<Value> = { value: Value } | { wrong: string }

/** A record as it was copied. */
export type Fields = Record<string, unknown>

/** Reads an answer without ever throwing: what cannot even be read is wrong. */
export function reading<Value>(answer: unknown, read: (fields: Fields) => Read<Value>): Read<Value> {
  try {
    const copy = copied(answer)
    return isFields(copy) ? read(copy) : { wrong: '/ is no object' }
  } catch (error) {
    return { wrong: error instanceof Uncopied ? error.message : '/ cannot be read' }
  }
}

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)

/** A schema for each `kind`. */
export function kinds<Value>(schemas: Readonly<Record<string, TObject>>): (fields: Fields) => Read<Value> {
  const compiled = new Map<unknown, (fields: Fields) => Read<Value>>(
    Object.entries(schemas).map(([kind, schema]) => [kind, checker<Value>(schema)])
  )
  return fields =>
    compiled.get(fields.kind)?.(fields) ?? { wrong: `/kind is none of ${[...compiled.keys()].join(', ')}` }
}

export function checker<Value>(schema: TObject): (fields: Fields) => Read<Value> {
  const validator = Compile(schema)
  return fields => {
    if (validator.Check(fields)) return { value: fields as Value }
    const [first] = validator.Errors(fields)
    return { wrong: `${at(first?.instancePath ?? '')} ${(first?.message ?? 'is wrong').slice(0, 200)}` }
  }
}
