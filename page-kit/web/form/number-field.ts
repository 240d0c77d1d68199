import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import type { FieldProps } from './field-props.ts'

/** Keeps what was typed, so that `1.` may become `1.5`; what is no number goes to the host as it is, to be refused there. */
export function NumberField({ field, value, control, onChange }: FieldProps) {
  const shown = value === null || value === undefined ? '' : String(value)
  const [typed, setTyped] = useState(shown)
  const text = read(typed) === (value ?? null) ? typed : shown

  const type = (event: Event) => {
    const next = (event.currentTarget as HTMLInputElement).value
    setTyped(next)
    onChange(read(next))
  }
  return html`<input
    ...${control}
    class="control short"
    type="text"
    autocomplete="off"
    inputmode=${field.definition === 'integer' ? 'numeric' : 'decimal'}
    value=${text}
    onInput=${type}
  />`
}

function read(text: string): number | string | null {
  const trimmed = text.trim()
  if (trimmed === '') return null
  const number = Number(trimmed.replace(',', '.'))
  return Number.isFinite(number) ? number : trimmed
}
