import { html } from 'htm/preact'
import type { FieldProps } from './field-props.ts'

export function BooleanField({ value, control, onChange }: FieldProps) {
  return html`<input
    ...${control}
    class="switch"
    type="checkbox"
    role="switch"
    checked=${value === true}
    onChange=${(event: Event) => onChange((event.currentTarget as HTMLInputElement).checked)}
  />`
}
