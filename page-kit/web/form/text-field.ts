import { html } from 'htm/preact'
import type { FieldProps } from './field-props.ts'

export function TextField({ field, value, control, onChange }: FieldProps) {
  const text = value === null || value === undefined ? '' : String(value)
  const type = (event: Event) => onChange((event.currentTarget as HTMLInputElement | HTMLTextAreaElement).value)
  return field.multiline
    ? html`<textarea ...${control} class="control" rows="4" value=${text} onInput=${type} />`
    : html`<input ...${control} class="control" type="text" autocomplete="off" value=${text} onInput=${type} />`
}
