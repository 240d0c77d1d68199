import { html } from 'htm/preact'
import { useEffect } from 'preact/hooks'
import { type Problem, sentence } from '../answer.ts'
import { useAdvice } from '../trouble.ts'
import type { Loaded } from '../use-loaded.ts'
import { useWords, type Words } from '../words.ts'
import type { Options } from './form.ts'
import { type Choice, grouped } from './options.ts'

interface SearchResultsProps {
  id: string
  title: string
  choices: readonly Choice[]
  active: number
  query: string
  found: Loaded<Options>
  /** True if the results belong to the typed text. */
  settled: boolean
  onChoose: (choice: Choice) => void
}

export function SearchResults({ id, title, choices, active, query, found, settled, onChoose }: SearchResultsProps) {
  const t = useWords()
  const advice = useAdvice()
  useEffect(() => {
    document.getElementById(`${id}-${active}`)?.scrollIntoView({ block: 'nearest' })
  }, [id, active])

  const option = (choice: Choice) => {
    const index = choices.indexOf(choice)
    return html`
      <li
        key=${choice[0]}
        id=${`${id}-${index}`}
        role="option"
        class="option"
        aria-selected=${index === active}
        onMouseDown=${(event: Event) => {
          // Keeps the focus in the search box.
          event.preventDefault()
          onChoose(choice)
        }}
      >
        ${choice[1].title}
      </li>
    `
  }

  return html`
    <div class="results">
      <ul id=${id} role="listbox" aria-label=${t('Choices for {field}', { field: title })} aria-busy=${!settled}>
        ${grouped(choices).map(
          ([group, members]) => html`
            <li role="presentation" key=${group}>
              ${group && html`<p class="results-group" aria-hidden="true">${group}</p>`}
              <ul role="group" aria-label=${group || undefined}>${members.map(option)}</ul>
            </li>
          `
        )}
      </ul>
      <p class="results-state" role="status">${state(t, advice, choices.length, query, found, settled)}</p>
    </div>
  `
}

function state(
  t: Words,
  advice: (problem: Problem) => string,
  count: number,
  query: string,
  { problem }: Loaded<Options>,
  settled: boolean
): string {
  if (problem) return `${sentence(problem.message)} ${advice(problem)}`
  if (!settled) return t('Searching…')
  if (count > 0) return ''
  return query ? t('Nothing matches “{query}”. Try another word.', { query }) : t('There is nothing more to choose.')
}
