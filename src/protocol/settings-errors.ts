import type { TObject } from 'typebox'
import { Value } from 'typebox/value'
import type { Params } from './language.ts'
import { type Misplaced, SECRET_MESSAGES } from './secret-fields.ts'
import { type Data, excesses, filled } from './settings.ts'

/** Errors of settings in words for an admin. Pure. Source: docs/protocol.md, "Settings". */

/** group -> field -> messages. */
export type ErrorMap = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>
export type Say = (message: string, params?: Params) => string

type Errors = Record<string, Readonly<Record<string, readonly string[]>>>

/** Errors by group and field, empty when the settings are valid. Null is as good as absent. */
export function settingsErrors(schema: TObject, data: Data, say: Say): ErrorMap {
  const errors: Errors = {}
  const filledIn = filled(schema, data)
  const { found, rest } = excesses(schema, filledIn)
  for (const { group, name, keyword, limit } of found) {
    const params = limit === undefined ? {} : { limit }
    add(errors, group, name, errorMessage({ keyword, params }, say))
  }
  for (const error of Value.Errors(schema, rest)) {
    const [, group = '', field] = error.instancePath.split('/')
    const missing =
      error.keyword === 'required' ? (error.params as { requiredProperties: string[] }).requiredProperties : []
    const withheld = (name: string) => filledIn[group]?.[name] !== undefined && rest[group]?.[name] === undefined
    for (const name of field === undefined ? missing : [field])
      if (!withheld(name)) add(errors, group, name, errorMessage(error, say))
  }
  return errors
}

/** Errors of misplaced secrets, added to other errors. */
export function withMisplaced(errors: ErrorMap, misplaced: readonly Misplaced[], say: Say): ErrorMap {
  const all: Errors = { ...errors }
  for (const { group, name, message } of misplaced) add(all, group, name, say(SECRET_MESSAGES[message]))
  return all
}

function add(errors: Errors, group: string, name: string, message: string): void {
  const fields = errors[group] ?? {}
  errors[group] = { ...fields, [name]: [...new Set([...(fields[name] ?? []), message])] }
}

export const UNKNOWN_CHOICE = 'Is not one of the choices'
/** The error of a list whose choices cannot be looked up now. */
export const CHOICES_AWAY = 'The choices cannot be looked up now. Leave what was saved before, or try again later'

const MESSAGES: Readonly<Record<string, string>> = {
  required: 'Value is required',
  minLength: 'Should have at least {limit} characters',
  maxLength: 'Should have at most {limit} characters',
  minimum: 'Should be at least {limit}',
  maximum: 'Should be at most {limit}',
  minItems: 'Choose at least {limit}',
  maxItems: 'Choose at most {limit}',
  uniqueItems: 'Choose each only once',
  enum: UNKNOWN_CHOICE,
  format: 'Should be a valid {format}',
  pattern: 'Is not written as it should be'
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'Should be a text',
  integer: 'Should be a whole number',
  number: 'Should be a number',
  boolean: 'Should be yes or no',
  array: 'Should be a list'
}

const EMPTY = 'Should not be empty'
const INVALID = 'Is not valid'

/** Every message there is, for the catalogues. */
export const VALIDATION_MESSAGES: readonly string[] = [
  ...Object.values(MESSAGES),
  ...Object.values(TYPES),
  ...Object.values(SECRET_MESSAGES),
  CHOICES_AWAY,
  EMPTY,
  INVALID
]

function errorMessage({ keyword, params }: { keyword: string; params: object }, say: Say): string {
  const { type, pattern, limit, format } = params as {
    type?: string
    pattern?: string
    limit?: number
    format?: string
  }
  if (keyword === 'type') return say(TYPES[type ?? ''] ?? INVALID)
  if (keyword === 'minLength' && limit === 1) return say(EMPTY)
  if (pattern === '\\S') return say(EMPTY)
  return say(MESSAGES[keyword] ?? INVALID, {
    ...(limit === undefined ? {} : { limit }),
    ...(format === undefined ? {} : { format })
  })
}
