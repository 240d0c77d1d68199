import { html } from 'htm/preact'
import { useWords } from '../words.ts'
import type { FieldProps } from './field-props.ts'
import type { Options } from './form.ts'
import { type Choice, choicesOf, chosenOf, grouped, limitText } from './options.ts'

const NONE = '\u0000'

/** A choice from a known list. The value is a list all the same. */
export function SelectField({ field, value, control, onChange }: FieldProps) {
  const t = useWords()
  const [chosen] = chosenOf(value)
  const choose = (event: Event) => {
    const key = (event.currentTarget as HTMLSelectElement).value
    onChange(key === NONE ? null : [key])
  }
  const option = ([key, { title }]: Choice) => html`<option value=${key} selected=${key === chosen}>${title}</option>`
  return html`
    <select ...${control} class="control" onChange=${choose}>
      <option value=${NONE} selected=${chosen === undefined}>${t('Not chosen')}</option>
      ${grouped(choicesOf(field.values as Options)).map(([group, choices]) =>
        group ? html`<optgroup label=${group}>${choices.map(option)}</optgroup>` : choices.map(option)
      )}
    </select>
  `
}

/** Several of a known list. */
export function ChecksField({ field, value, control, onChange }: FieldProps) {
  const t = useWords()
  const choices = choicesOf(field.values as Options)
  const chosen = chosenOf(value)
  const toggle = (key: string, on: boolean) => {
    const wanted = on ? [...chosen, key] : chosen.filter(other => other !== key)
    onChange(choices.map(([known]) => known).filter(known => wanted.includes(known)))
  }
  if (choices.length === 0) {
    return html`<p ...${control} class="muted" tabindex="-1">${t('There is nothing to choose from.')}</p>`
  }

  const check = ([key, { title }]: Choice, first: boolean) => html`
    <label class="check" key=${key}>
      <input
        ...${first ? control : { 'aria-invalid': control['aria-invalid'] }}
        type="checkbox"
        checked=${chosen.includes(key)}
        onChange=${(event: Event) => toggle(key, (event.currentTarget as HTMLInputElement).checked)}
      />
      <span>${title}</span>
    </label>
  `
  const hint = limitText(t, field.limit)
  const [firstKey] = choices[0] ?? []
  return html`
    <div class="checks">
      ${hint && html`<p class="hint">${hint}, ${t('{count} chosen', { count: chosen.length })}</p>`}
      ${grouped(choices).map(
        ([group, members]) => html`
          <div role="group" aria-label=${group || undefined} class="check-group" key=${group}>
            ${group && html`<p class="check-title" aria-hidden="true">${group}</p>`}
            ${members.map(choice => check(choice, choice[0] === firstKey))}
          </div>
        `
      )}
    </div>
  `
}
