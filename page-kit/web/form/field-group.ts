import { html } from 'htm/preact'
import { Markdown } from '../markdown.ts'
import { useWords } from '../words.ts'
import { FieldFrame } from './field-frame.ts'
import { dependenciesOf, fieldsOf, type Group } from './form.ts'

interface FieldGroupProps {
  name: string
  group: Group
  values: Record<string, unknown>
  saved: Record<string, unknown>
  errors: Record<string, string[]>
  onChange: (field: string, value: unknown) => void
}

export function FieldGroup({ name, group, values, saved, errors, onChange }: FieldGroupProps) {
  const t = useWords()
  const fields = fieldsOf(group)
  return html`
    <section class="card group" aria-labelledby=${`group-${name}`}>
      <h3 id=${`group-${name}`}>${group.title}</h3>
      ${group.description && html`<div class="muted"><${Markdown} text=${group.description} /></div>`}
      ${fields.length === 0 && html`<p class="muted">${t('This group has no fields.')}</p>`}
      ${fields.map(
        ([key, field]) => html`
          <${FieldFrame}
            key=${key}
            id=${`field-${name}-${key}`}
            field=${field}
            value=${values[key]}
            saved=${saved[key]}
            dep=${dependenciesOf(group, key, values)}
            errors=${errors[key] ?? []}
            onChange=${(value: unknown) => onChange(key, value)}
          />
        `
      )}
      ${unplaced(
        errors,
        fields.map(([key]) => key)
      ).map(([key, texts]) => html`<p class="error" role="alert">${key}: ${texts.join(' ')}</p>`)}
    </section>
  `
}

/** Errors at fields that the form does not show would otherwise stay unseen. */
const unplaced = (errors: Record<string, string[]>, known: string[]) =>
  Object.entries(errors).filter(([key]) => !known.includes(key))
