import { html } from 'htm/preact'
import type { FieldProps } from './field-props.ts'

/** A definition this CRM has never heard of: shown, so that nobody wonders where the field went. */
export function UnknownField({ field, value, control }: FieldProps) {
  return html`
    <div class="row">
      <output ...${control} class="muted">No editor for <code>${field.definition}</code>.</output>
      <code>${JSON.stringify(value ?? null)}</code>
    </div>
  `
}
