import type { TObject } from 'typebox'
import { Value } from 'typebox/value'
import { excess, type FieldSchema } from './field-limits.ts'
import { formOf, isPreview, isSecret } from './form.ts'
import { secretOf, shownSecret } from './secret-fields.ts'

/** Settings as an admin saves them: read, merged with the kept ones, validated, shown. Pure. Source: docs/protocol.md, "Settings". */

/** group -> field -> value. */
export type Data = Readonly<Record<string, Readonly<Record<string, unknown>>>>

type MutableData = Record<string, Record<string, unknown>>

/**
 * The settings that a body means. What is not in the form is dropped; a secret
 * that is absent, or as GET shows a kept one, stays as it was, and one
 * that is empty is cleared. `texts`: the body came as a web form, so numbers
 * and booleans are written as texts.
 */
export function readSettings(schema: TObject, body: unknown, kept: Data, { texts }: { texts: boolean }): Data {
  const data: MutableData = {}
  each(schema, (group, name, field) => {
    const given = record(record(body)[group])
    const value = isSecret(field) ? secretOf(field, given[name], kept[group]?.[name]) : given[name]
    if (value === undefined || isPreview(field)) return
    set(data, group, name, normal(value, field, texts))
  })
  return data
}

/** Settings as a channel gets them: no nulls, defaults for fields never saved. Undefined when they are not complete. */
export function effectiveSettings(schema: TObject, data: Data): Data | undefined {
  const defaults: MutableData = {}
  each(schema, (group, name, field) => {
    if (field.default !== undefined) set(defaults, group, name, field.default)
  })
  const settings = filled(schema, mergeData(defaults, data))
  return Value.Check(schema, settings) ? settings : undefined
}

/** Settings as they may be shown: a secret says only that it is set. */
export function shownSettings(schema: TObject, data: Data): Data {
  const shown: MutableData = Object.fromEntries(Object.entries(data).map(([group, fields]) => [group, { ...fields }]))
  each(schema, (group, name, field) => {
    if (isSecret(field)) set(shown, group, name, shownSecret(field, data[group]?.[name]))
  })
  return shown
}

/** The secrets of the settings apart from the rest, to be stored apart. */
export function splitSecrets(schema: TObject, data: Data): { open: Data; secret: Data } {
  const parts = { open: {} as MutableData, secret: {} as MutableData }
  each(schema, (group, name, field) => {
    const value = data[group]?.[name]
    if (value !== undefined) set(isSecret(field) ? parts.secret : parts.open, group, name, value)
  })
  return parts
}

export const mergeData = (one: Data, other: Data): Data =>
  Object.fromEntries(
    [...Object.keys(one), ...Object.keys(other)].map(group => [group, { ...one[group], ...other[group] }])
  )

/** Every group is there, so that what is missing is reported by field. */
export function filled(schema: TObject, data: Data): Data {
  const result: MutableData = {}
  for (const group of Object.keys(formOf(schema).properties)) result[group] = {}
  each(schema, (group, name) => {
    const value = data[group]?.[name]
    if (value !== undefined && value !== null && !isEmptyOptional(schema, group, name, value))
      set(result, group, name, value)
  })
  return result
}

/** Fields beyond the limits, and the settings without them: a validator would spend too long on them. */
export function excesses(schema: TObject, data: Data) {
  const found: ({ group: string; name: string } & NonNullable<ReturnType<typeof excess>>)[] = []
  const rest: MutableData = Object.fromEntries(Object.entries(data).map(([group, fields]) => [group, { ...fields }]))
  each(schema, (group, name, field) => {
    const over = excess(field, data[group]?.[name])
    if (!over) return
    found.push({ group, name, ...over })
    if (over.keyword !== 'uniqueItems') delete rest[group]?.[name]
  })
  return { found, rest: rest as Data }
}

/** Nothing chosen in a list that may be left out is nothing, not too few. */
const isEmptyOptional = (schema: TObject, group: string, name: string, value: unknown) =>
  Array.isArray(value) && value.length === 0 && !formOf(schema).properties[group]?.required?.includes(name)

function normal(value: unknown, { 'x-field': { definition } }: FieldSchema, texts: boolean): unknown {
  if (definition === 'listOfEnum' && Array.isArray(value))
    return value.map(key => (typeof key === 'number' ? String(key) : key))
  if (!texts || typeof value !== 'string' || value.trim() === '') return value
  if (definition === 'integer' || definition === 'float') return Number.isNaN(Number(value)) ? value : Number(value)
  if (definition === 'boolean') return BOOLEANS.get(value) ?? value
  return value
}

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['1', true],
  ['true', true],
  ['0', false],
  ['false', false]
])

function each(schema: TObject, visit: (group: string, name: string, field: FieldSchema) => void): void {
  for (const [group, { properties }] of Object.entries(formOf(schema).properties))
    for (const [name, field] of Object.entries(properties)) visit(group, name, field)
}

const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}

function set(data: MutableData, group: string, name: string, value: unknown): void {
  data[group] = { ...data[group], [name]: value }
}
