import { html } from 'htm/preact'
import { Trouble } from 'page-kit/web/trouble.ts'
import { useLoaded } from 'page-kit/web/use-loaded.ts'
import { useWords } from 'page-kit/web/words.ts'
import { ask, withQuery } from '../api.ts'
import { FilterBar } from '../parts/filter-bar.ts'
import { Table } from '../parts/list-table.ts'
import type { UsageRow } from '../shapes.ts'
import type { TabProps } from './tab-props.ts'

const BY = ['day', 'category', 'tag'] as const

/** Messages of the last 30 days, and what the gateway charged for them. */
export function UsageTab({ registration, query }: TabProps) {
  const t = useWords()
  const by = BY.find(known => known === query.by) ?? 'day'
  const path = withQuery('/usage', { registration: registration.id, by })
  const { value, problem, reload } = useLoaded(signal => ask<{ items: UsageRow[] }>(path, { signal }), [path])
  const titles = { day: t('Day'), category: t('Category'), tag: t('Tag') }
  return html`
    <${FilterBar}
      place=${['registrations', String(registration.id), 'usage']}
      query=${query}
      fields=${[{ name: 'by', title: t('By'), choices: BY.map(value => ({ value, title: titles[value] })) }]}
    />
    ${problem && html`<${Trouble} what=${t('The usage could not be read.')} problem=${problem} onRetry=${reload} />`}
    ${!problem && !value && html`<p class="starting" role="status">${t('Loading…')}</p>`}
    ${value?.items.length === 0 && html`<div class="empty"><h2>${t('Nothing was sent in the last 30 days')}</h2></div>`}
    ${
      value &&
      value.items.length > 0 &&
      html`<${Table}
        caption=${t('Usage')}
        items=${value.items}
        keyOf=${(row: UsageRow) => JSON.stringify([row[by], row.unit, row.currency])}
        columns=${[
          { title: titles[by], cell: (row: UsageRow) => html`<span class="text">${row[by] ?? '–'}</span>` },
          { title: t('Messages'), cell: (row: UsageRow) => row.messages, isNumber: true },
          { title: t('Failed'), cell: (row: UsageRow) => row.failed, isNumber: true },
          {
            title: t('Units'),
            cell: ({ count, unit }: UsageRow) => (unit === null ? '–' : `${count} × ${unit}`),
            isNumber: true
          },
          {
            title: t('Cost'),
            cell: ({ amount, currency }: UsageRow) => (currency === null ? '–' : `${amount} ${currency}`),
            isNumber: true
          }
        ]}
      />`
    }
  `
}
