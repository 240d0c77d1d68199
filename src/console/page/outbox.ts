import { html } from 'htm/preact'
import { useWords } from 'page-kit/web/words.ts'
import { ask, withQuery } from './api.ts'
import type { PageProps } from './page-props.ts'
import { ActButton } from './parts/act-button.ts'
import { StateBadge } from './parts/badge.ts'
import { FilterBar } from './parts/filter-bar.ts'
import { ListTable } from './parts/list-table.ts'
import { PageHead } from './parts/page-head.ts'
import { useList } from './parts/use-list.ts'
import { When } from './parts/when.ts'
import { placeOf } from './route.ts'
import { useMay } from './session.ts'
import type { OutboxItem } from './shapes.ts'

const STATES = ['waiting', 'delivered', 'stopped', 'parked'] as const

/** Items for the CRM, and those that it did not take. */
export function OutboxPage({ query }: PageProps) {
  const t = useWords()
  const may = useMay('operate')
  const { state, registration } = query
  const list = useList<OutboxItem>(withQuery('/outbox', { state, registration, limit: 50 }))
  const stuck = (list.items ?? []).filter(isStuck).map(({ id }) => id)
  const replay = (ids: readonly number[]) => ask('/outbox/replay', { method: 'POST', body: { ids } })

  return html`
    <${PageHead} title=${t('Outbox')} about=${t('What the CRM is told: statuses of messages, and lines of customers.')}>
      ${
        may &&
        stuck.length > 0 &&
        html`<${ActButton}
          title=${t('Offer {count} once more', { count: stuck.length })}
          question=${html`<p>${t('The items of this list that the CRM did not take are offered to it once more.')}</p>`}
          act=${() => replay(stuck)}
          onDone=${list.reload}
        />`
      }
      <button type="button" class="button" onClick=${list.reload}>${t('Read again')}</button>
    </${PageHead}>
    <${FilterBar}
      place=${['outbox']}
      query=${query}
      fields=${[
        { name: 'state', title: t('State'), choices: STATES.map(value => ({ value, title: t(value) })) },
        { name: 'registration', title: t('Registration'), kind: 'number' }
      ]}
    />
    <${ListTable}
      list=${list}
      caption=${t('Outbox')}
      keyOf=${({ id }: OutboxItem) => id}
      empty=${html`<h2>${t('Nothing is here')}</h2><p>${t('Items that the CRM took are removed after a while.')}</p>`}
      columns=${[
        { title: t('Made'), cell: (item: OutboxItem) => html`<${When} at=${item.createdAt} />` },
        { title: t('Item'), cell: (item: OutboxItem) => item.id },
        { title: t('What'), cell: whatOf(t) },
        { title: t('Contact'), cell: (item: OutboxItem) => html`<span class="text">${item.contact}</span>` },
        {
          title: t('Registration'),
          cell: (item: OutboxItem) =>
            html`<a href=${placeOf(['registrations', item.registration])}>${item.registration}</a>`
        },
        { title: t('State'), cell: (item: OutboxItem) => html`<${StateBadge} state=${item.state} />` },
        {
          title: t('Answer of the CRM'),
          cell: (item: OutboxItem) => html`<span class="text">${item.reason ?? ''}</span>`
        },
        { title: t('Attempts'), cell: (item: OutboxItem) => item.attempts, isNumber: true },
        ...(may
          ? [
              {
                title: t('Replay'),
                cell: (item: OutboxItem) =>
                  isStuck(item) &&
                  html`<${ActButton} title=${t('Once more')} look="small" act=${() => replay([item.id])} onDone=${list.reload} />`
              }
            ]
          : [])
      ]}
    />
  `
}

const isStuck = ({ state }: OutboxItem) => state === 'stopped' || state === 'parked'

const whatOf =
  (t: (text: string) => string) =>
  ({ kind, body }: OutboxItem) =>
    kind === 'status'
      ? html`${t('status')} <${StateBadge} state=${String(body.status)} />`
      : html`${t('line of the customer')}`
