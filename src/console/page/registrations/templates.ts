import { html } from 'htm/preact'
import { Trouble } from 'page-kit/web/trouble.ts'
import { useLoaded } from 'page-kit/web/use-loaded.ts'
import { useWords } from 'page-kit/web/words.ts'
import { ask, withQuery } from '../api.ts'
import { FilterBar } from '../parts/filter-bar.ts'
import { Table } from '../parts/list-table.ts'
import type { Template, Templates } from '../shapes.ts'
import type { TabProps } from './tab-props.ts'

const NO_TEMPLATES = 404

/** Templates that a message may name, as the gateway has them now. */
export function TemplatesTab({ registration, path, query }: TabProps) {
  const t = useWords()
  const address = withQuery(`${path}/templates`, { query: query.query })
  const { value, problem, reload } = useLoaded(signal => ask<Templates>(address, { signal }), [address])
  if (problem?.status === NO_TEMPLATES)
    return html`<div class="empty"><h2>${t('This channel has no templates')}</h2><p>${t('Its messages are texts as they are written.')}</p></div>`
  return html`
    <${FilterBar}
      place=${['registrations', String(registration.id), 'templates']}
      query=${query}
      fields=${[{ name: 'query', title: t('Name or text'), kind: 'search' }]}
    />
    ${problem && html`<${Trouble} what=${t('The gateway could not name its templates.')} problem=${problem} onRetry=${reload} />`}
    ${!problem && !value && html`<p class="starting" role="status">${t('The gateway is asked…')}</p>`}
    ${
      value?.items.length === 0 &&
      (query.query
        ? html`<div class="empty"><h2>${t('No template is like that')}</h2></div>`
        : html`<div class="empty"><h2>${t('There are no templates')}</h2><p>${t('They are made at the gateway, or in the settings.')}</p></div>`)
    }
    ${value?.isCut && html`<p class="muted" role="status">${t('There are more: search with a longer text.')}</p>`}
    ${
      value &&
      value.items.length > 0 &&
      html`<${Table}
        caption=${t('Templates')}
        items=${value.items}
        keyOf=${({ name, language }: Template) => `${name} ${language}`}
        columns=${[
          { title: t('Name'), cell: (row: Template) => html`<${Name} template=${row} />` },
          { title: t('Status'), cell: (row: Template) => html`<${Status} template=${row} />` },
          { title: t('Text'), cell: (row: Template) => html`<${Text} template=${row} />` },
          {
            title: t('Parameters'),
            cell: ({ parameters }: Template) => html`<span class="text">${parameters.join(', ') || '–'}</span>`
          }
        ]}
      />`
    }
  `
}

const Name = ({ template: { name, language, category } }: { template: Template }) => html`
  <div>
    <code class="text">${name}</code>
    <div class="muted text">${[language, category].filter(Boolean).join(', ')}</div>
  </div>
`

function Status({ template: { status, isUsable, reason } }: { template: Template }) {
  const t = useWords()
  return html`
    <div>
      <span class=${`badge ${isUsable ? 'good' : 'bad'}`}>${status ?? t('ready')}</span>
      ${reason && html`<div class="text">${reason}</div>`}
    </div>
  `
}

const Text = ({ template: { header, body, footer, buttons } }: { template: Template }) => html`
  <div class="template-text">
    ${header && html`<div class="text"><strong>${header}</strong></div>`}
    <div class="text">${body}</div>
    ${footer && html`<div class="muted text">${footer}</div>`}
    ${buttons.length > 0 && html`<ul class="plain-list">${buttons.map(button => html`<li class="text">${button}</li>`)}</ul>`}
  </div>
`
