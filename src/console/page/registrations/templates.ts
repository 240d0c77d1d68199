import { html } from 'htm/preact'
import { Trouble } from 'page-kit/web/trouble.ts'
import { useLoaded } from 'page-kit/web/use-loaded.ts'
import { useWords } from 'page-kit/web/words.ts'
import { ask } from '../api.ts'
import { Table } from '../parts/list-table.ts'
import type { Template } from '../shapes.ts'
import type { TabProps } from './tab-props.ts'

/** Templates that the gateway has, where the channel has any. */
export function TemplatesTab({ path }: TabProps) {
  const t = useWords()
  const at = `${path}/templates`
  const { value, problem, reload } = useLoaded(signal => ask<{ items: Template[] }>(at, { signal }), [at])
  if (problem?.status === 409 || problem?.status === 404)
    return html`<div class="empty"><h2>${t('There are no templates here')}</h2><p>${problem.message}</p></div>`
  if (problem)
    return html`<${Trouble} what=${t('The templates could not be read.')} problem=${problem} onRetry=${reload} />`
  if (!value) return html`<p class="starting" role="status">${t('Loading…')}</p>`
  if (value.items.length === 0)
    return html`<div class="empty"><h2>${t('There are no templates here')}</h2><p>${t('They are made and approved at the gateway.')}</p></div>`
  return html`<${Table}
    caption=${t('Templates')}
    items=${value.items}
    keyOf=${({ name, language }: Template) => `${name} ${language}`}
    columns=${[
      { title: t('Name'), cell: ({ name }: Template) => html`<code class="text">${name}</code>` },
      { title: t('Language'), cell: ({ language }: Template) => language },
      { title: t('Category'), cell: ({ category }: Template) => category ?? '–' },
      { title: t('State'), cell: ({ status }: Template) => status ?? '–' },
      { title: t('Text'), cell: ({ body }: Template) => html`<span class="text">${body ?? ''}</span>` },
      { title: t('Parameters'), cell: ({ parameters }: Template) => parameters, isNumber: true }
    ]}
  />`
}
