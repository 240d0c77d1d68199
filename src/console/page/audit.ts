import { html } from 'htm/preact'
import { useWords } from 'page-kit/web/words.ts'
import { withQuery } from './api.ts'
import type { PageProps } from './page-props.ts'
import { FilterBar } from './parts/filter-bar.ts'
import { ListTable } from './parts/list-table.ts'
import { PageHead } from './parts/page-head.ts'
import { useList } from './parts/use-list.ts'
import { When } from './parts/when.ts'
import { placeOf } from './route.ts'
import type { AuditEntry } from './shapes.ts'

/** Changes: by whom, when, of what. */
export function AuditPage({ query }: PageProps) {
  const t = useWords()
  const list = useList<AuditEntry>(withQuery('/audit', { registration: query.registration, limit: 50 }))
  return html`
    <${PageHead} title=${t('Audit')} about=${t('Who changed what, the newest first.')} />
    <${FilterBar} place=${['audit']} query=${query} fields=${[{ name: 'registration', title: t('Registration'), kind: 'number' }]} />
    <${ListTable}
      list=${list}
      caption=${t('Audit')}
      keyOf=${({ id }: AuditEntry) => id}
      empty=${html`<h2>${t('Nothing was changed yet')}</h2>`}
      columns=${[
        { title: t('At'), cell: (entry: AuditEntry) => html`<${When} at=${entry.at} />` },
        { title: t('Who'), cell: (entry: AuditEntry) => html`<span class="text">${entry.actor}</span>` },
        { title: t('What'), cell: (entry: AuditEntry) => html`<code>${entry.action}</code>` },
        {
          title: t('Registration'),
          cell: ({ registration }: AuditEntry) =>
            registration === null ? '–' : html`<a href=${placeOf(['registrations', registration])}>${registration}</a>`
        },
        {
          title: t('Details'),
          cell: ({ details }: AuditEntry) => html`<code class="text">${detailText(details)}</code>`
        }
      ]}
    />
  `
}

const DETAILS_LENGTH = 500

function detailText(details: AuditEntry['details']): string {
  const text = JSON.stringify(details)
  if (text === '{}') return ''
  return text.length > DETAILS_LENGTH ? `${text.slice(0, DETAILS_LENGTH)}…` : text
}
