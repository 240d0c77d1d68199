import type { FieldNote } from 'channel-kit/form'

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
