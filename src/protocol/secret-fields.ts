import type { TObject } from 'typebox'
import type { FieldSchema } from './field-limits.ts'
import { formOf, isSecret } from './form.ts'

/** Secrets among settings: what is shown of them, and when one that is kept may stay. Pure. Source: docs/protocol.md, "Settings". */

/** group -> field -> value. */
type Data = Readonly<Record<string, Readonly<Record<string, unknown>>>>

/** Stands for a kept secret of several lines, for which the CRM's form has no field of its own. */
const MASK = '********'

const isLines = ({ 'x-field': { multiline } }: FieldSchema) => multiline === true

/** A secret as it may be shown: only that it is set. */
export const shownSecret = (field: FieldSchema, value: unknown): unknown =>
  isLines(field) ? (value ? MASK : '') : Boolean(value)

/** Absent, or as it was shown. */
const isLeft = (field: FieldSchema, given: unknown): boolean =>
  given === undefined ||
  given === true ||
  // A secret of one line is a password as any other.
  (isLines(field) && typeof given === 'string' && given.trim() === MASK)

/** The secret that a body means: one that is left stays as it was, and one that is empty is cleared. */
export function secretOf(field: FieldSchema, given: unknown, kept: unknown): unknown {
  if (isLeft(field, given)) return kept
  return given === '' || given === false ? null : given
}

/** A secret that cannot stay as it is, with what to do, in English. */
export interface Misplaced {
  group: string
  name: string
  message: keyof typeof SECRET_MESSAGES
}

export const SECRET_MESSAGES = {
  moved: 'Enter it again, since it would be sent to another address than before',
  masked: 'Enter the whole of it again'
} as const

/**
 * Secrets that a body leaves as they were although they would go to another origin than the one they were entered for,
 * and those that hold a part of the mask. `data`: the settings that the body means.
 */
export function misplacedSecrets(schema: TObject, body: unknown, kept: Data, data: Data): Misplaced[] {
  const found: Misplaced[] = []
  for (const [group, { properties }] of Object.entries(formOf(schema).properties))
    for (const [name, field] of Object.entries(properties)) {
      if (!isSecret(field)) continue
      const message = problemOf(field, {
        given: fieldIn(fieldIn(body, group), name),
        value: data[group]?.[name],
        address: properties[field['x-field'].sentTo ?? ''],
        before: kept[group]?.[field['x-field'].sentTo ?? ''],
        after: data[group]?.[field['x-field'].sentTo ?? '']
      })
      if (message) found.push({ group, name, message })
    }
  return found
}

interface Given {
  given: unknown
  value: unknown
  /** The field that says where the secret goes, with what it held and what it would hold. */
  address: FieldSchema | undefined
  before: unknown
  after: unknown
}

function problemOf(
  field: FieldSchema,
  { given, value, address, before, after }: Given
): Misplaced['message'] | undefined {
  if (!isLeft(field, given)) return isLines(field) && String(given).includes(MASK) ? 'masked' : undefined
  if (!value || !address) return undefined
  const origins = [before, after].map(one => originOf(one ?? address.default))
  return origins[0] === origins[1] ? undefined : 'moved'
}

/** Origin of a web address; other addresses are compared whole, since the origin of all of them is the text `null`. */
function originOf(address: unknown): unknown {
  const url = typeof address === 'string' ? URL.parse(address.trim()) : null
  return url && url.origin !== 'null' ? url.origin : (address ?? undefined)
}

const fieldIn = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined
