import type { Field } from './form.ts'

/** What every control of a field is given. */
export interface FieldProps {
  field: Field
  value: unknown
  /** What the host has stored; for a password only whether there is one. */
  saved: unknown
  /** Values of the fields that this one depends on. */
  dep: unknown[]
  /** To be spread on the control that is focused. */
  control: { id: string; 'aria-invalid': 'true' | undefined; 'aria-describedby': string | undefined }
  onChange: (value: unknown) => void
}
