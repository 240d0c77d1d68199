import { html } from 'htm/preact'
import { useWords } from '../words.ts'
import type { FieldProps } from './field-props.ts'

/** A definition this CRM has never heard of: shown, so that nobody wonders where the field went. */
export function UnknownField({ field, value, control }: FieldProps) {
  const t = useWords()
  return html`
    <div class="row">
      <output ...${control} class="muted">${t('No editor for this kind of field:')} <code>${field.definition}</code>.</output>
      <code>${JSON.stringify(value ?? null)}</code>
    </div>
  `
}
