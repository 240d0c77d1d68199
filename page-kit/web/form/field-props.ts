import type { Field } from './form.ts'

/** Properties of every control of a field. */
export interface FieldProps {
  field: Field
  value: unknown
  /** The stored value; for a password only whether there is one. */
  saved: unknown
  /** Values of the fields that this one depends on. */
  dep: unknown[]
  /** To be spread on the control that is focused. */
  control: { id: string; 'aria-invalid': 'true' | undefined; 'aria-describedby': string | undefined }
  onChange: (value: unknown) => void
}
