import { html } from 'htm/preact'
import { useWords } from 'page-kit/web/words.ts'
import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { go } from '../route.ts'

interface FieldShape {
  name: string
  title: string
  /** Choices of a list; a text without. */
  choices?: readonly { value: string; title: string }[]
  kind?: 'search' | 'number' | 'time' | 'text'
  hint?: string
}

interface FilterProps {
  /** The page whose query the filter is. */
  place: readonly string[]
  query: Readonly<Record<string, string>>
  fields: readonly FieldShape[]
  children?: ComponentChildren
}

/** Fields that narrow a list down. They are kept in the address, so that a search can be linked to. */
export function FilterBar({ place, query, fields, children }: FilterProps) {
  const t = useWords()
  const [values, setValues] = useState(query)
  const kept = JSON.stringify(query)
  useEffect(() => setValues(JSON.parse(kept)), [kept])

  const set = (name: string, value: string) => setValues(before => ({ ...before, [name]: value }))
  const submit = (event: Event) => {
    event.preventDefault()
    go(place, values)
  }
  const choose = (name: string, value: string) => {
    set(name, value)
    go(place, { ...values, [name]: value })
  }
  const isFiltered = fields.some(({ name }) => query[name])

  return html`
    <form class="filters" role="search" onSubmit=${submit}>
      ${fields.map(field => html`<${FilterField} key=${field.name} field=${field} value=${values[field.name] ?? ''} onType=${set} onChoose=${choose} />`)}
      <button class="button">${t('Search')}</button>
      ${isFiltered && html`<button type="button" class="button plain" onClick=${() => go(place)}>${t('Clear the filter')}</button>`}
      ${children}
    </form>
  `
}

interface FilterFieldProps {
  field: FieldShape
  value: string
  onType: (name: string, value: string) => void
  onChoose: (name: string, value: string) => void
}

function FilterField({
  field: { name, title, choices, kind = 'text', hint },
  value,
  onType,
  onChoose
}: FilterFieldProps) {
  const t = useWords()
  const id = `filter-${name}`
  const type = { search: 'search', number: 'number', time: 'datetime-local', text: 'text' }[kind]
  return html`
    <div class=${`filter ${kind}`}>
      <label for=${id}>${title}</label>
      ${
        choices
          ? html`
              <select id=${id} class="control" value=${value} onChange=${(event: Event) => onChoose(name, (event.currentTarget as HTMLSelectElement).value)}>
                <option value="">${t('all')}</option>
                ${choices.map(choice => html`<option value=${choice.value} selected=${choice.value === value}>${choice.title}</option>`)}
              </select>
            `
          : html`<input
              id=${id}
              class="control"
              type=${type}
              min=${kind === 'number' ? 1 : undefined}
              placeholder=${hint}
              value=${value}
              onInput=${(event: Event) => onType(name, (event.currentTarget as HTMLInputElement).value)}
            />`
      }
    </div>
  `
}

/** A time as its field has it, which is local, for the API. */
export function utcOf(local: string | undefined): string | undefined {
  const time = local ? new Date(local) : undefined
  return time && !Number.isNaN(time.getTime()) ? time.toISOString() : undefined
}
