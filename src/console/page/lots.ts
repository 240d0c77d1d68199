import { html } from 'htm/preact'
import { Trouble } from 'page-kit/web/trouble.ts'
import { useLoaded } from 'page-kit/web/use-loaded.ts'
import { useWords } from 'page-kit/web/words.ts'
import { useEffect } from 'preact/hooks'
import { ask, withQuery } from './api.ts'
import type { PageProps } from './page-props.ts'
import { ActButton } from './parts/act-button.ts'
import { StateBadge } from './parts/badge.ts'
import { FilterBar } from './parts/filter-bar.ts'
import { ListTable, Table } from './parts/list-table.ts'
import { Facts, PageHead } from './parts/page-head.ts'
import { useList } from './parts/use-list.ts'
import { When } from './parts/when.ts'
import { placeOf } from './route.ts'
import { useMay } from './session.ts'
import type { Lot, WholeLot } from './shapes.ts'

const READ_AGAIN_MS = 2_000

/** Messages that are sent together. */
export function LotsPage({ rest: [id], query }: PageProps) {
  return id ? html`<${OneLot} key=${id} id=${id} />` : html`<${AllLots} query=${query} />`
}

function AllLots({ query }: Pick<PageProps, 'query'>) {
  const t = useWords()
  const { registration, state } = query
  const list = useList<Lot>(withQuery('/lots', { registration, state, limit: 50 }))
  return html`
    <${PageHead} title=${t('Lots')} about=${t('Messages that a gateway takes together.')}>
      <button type="button" class="button" onClick=${list.reload}>${t('Read again')}</button>
    </${PageHead}>
    <${FilterBar} place=${['lots']} query=${query} fields=${[{ name: 'registration', title: t('Registration'), kind: 'number' }]} />
    <${ListTable}
      list=${list}
      caption=${t('Lots')}
      keyOf=${({ id }: Lot) => id}
      empty=${html`<h2>${t('There are no lots')}</h2><p>${t('Only channels whose gateways take messages together have them.')}</p>`}
      columns=${[
        { title: t('Begun'), cell: (lot: Lot) => html`<${When} at=${lot.createdAt} />` },
        { title: t('Lot'), cell: (lot: Lot) => html`<a href=${placeOf(['lots', lot.id])}>${lot.name || lot.id}</a>` },
        {
          title: t('Registration'),
          cell: (lot: Lot) => html`<a href=${placeOf(['registrations', lot.registration])}>${lot.registration}</a>`
        },
        { title: t('State'), cell: (lot: Lot) => html`<${StateBadge} state=${lot.state} />` },
        { title: t('Messages'), cell: (lot: Lot) => lot.items, isNumber: true },
        { title: t('Reason'), cell: (lot: Lot) => html`<span class="text">${lot.reason ?? ''}</span>` },
        { title: t('Ended'), cell: (lot: Lot) => html`<${When} at=${lot.endedAt} />` }
      ]}
    />
  `
}

/** A lot is read anew until it has ended. */
function OneLot({ id }: { id: string }) {
  const t = useWords()
  const may = useMay('operate')
  const path = `/lots/${encodeURIComponent(id)}`
  const { value: lot, problem, reload } = useLoaded(signal => ask<WholeLot>(path, { signal }), [path])
  const isUnderWay = lot !== undefined && lot.endedAt === null
  useEffect(() => {
    if (!isUnderWay) return
    const timer = setInterval(reload, READ_AGAIN_MS)
    return () => clearInterval(timer)
  }, [isUnderWay])

  if (problem)
    return html`<${PageHead} title=${t('Lot {id}', { id })} /><${Trouble} what=${t('The lot could not be read.')} problem=${problem} onRetry=${reload} />`
  if (!lot) return html`<p class="starting" role="status">${t('Loading…')}</p>`
  const counts = Object.entries(lot.counts)
  const settled = counts.reduce(
    (sum, [state, count]) => (['accepted', 'failed'].includes(state) ? sum + count : sum),
    0
  )

  return html`
    <${PageHead} title=${html`${t('Lot {id}', { id })} <${StateBadge} state=${lot.state} />`} about=${lot.name}>
      ${may && html`<${LotActions} lot=${lot} path=${path} onChanged=${reload} />`}
    </${PageHead}>
    <div class="two">
      <section class="card" aria-labelledby="lot-progress">
        <h2 id="lot-progress">${t('Progress')}</h2>
        <p role="status">${t('{settled} of {total} messages have ended', { settled, total: lot.items })}</p>
        <progress max=${Math.max(1, lot.items)} value=${settled} aria-label=${t('Progress')}></progress>
        <ul class="plain-list">${counts.map(([state, count]) => html`<li key=${state}><${StateBadge} state=${state} /> ${count}</li>`)}</ul>
      </section>
      <section class="card" aria-labelledby="lot-facts">
        <h2 id="lot-facts">${t('Facts')}</h2>
        <${Facts}
          facts=${[
            [t('Registration'), html`<a href=${placeOf(['registrations', lot.registration])}>${lot.registration}</a>`],
            [t('Reason'), lot.reason && html`<span class="text">${lot.reason}</span>`],
            [t('Step'), lot.step],
            [t('Code of the gateway'), lot.code],
            [t('Id of the gateway'), lot.ref],
            [t('Attempts'), lot.attempts],
            [t('Begun'), html`<${When} at=${lot.createdAt} />`],
            [t('Closes'), lot.openedAt === null && html`<${When} at=${lot.sealsAt} />`],
            [t('Goes on'), lot.dueAt && html`<${When} at=${lot.dueAt} />`],
            [t('Ended'), lot.endedAt && html`<${When} at=${lot.endedAt} />`]
          ]}
        />
      </section>
    </div>
    ${
      lot.troubles.length > 0 &&
      html`<section class="card" aria-labelledby="lot-troubles">
        <h2 id="lot-troubles">${t('Messages that were not sent')}</h2>
        <${Table}
          caption=${t('Messages that were not sent')}
          items=${lot.troubles}
          keyOf=${({ message }: Unsent) => message}
          columns=${[
            {
              title: t('Message'),
              cell: ({ message }: Unsent) => html`<a href=${placeOf(['messages', message])}>${message}</a>`
            },
            { title: t('Contact'), cell: ({ contact }: Unsent) => html`<span class="text">${contact}</span>` },
            { title: t('State'), cell: ({ state }: Unsent) => html`<${StateBadge} state=${state} />` },
            { title: t('Reason'), cell: ({ reason }: Unsent) => html`<span class="text">${reason ?? ''}</span>` }
          ]}
        />
      </section>`
    }
  `
}

type Unsent = WholeLot['troubles'][number]

function LotActions({ lot, path, onChanged }: { lot: WholeLot; path: string; onChanged: () => void }) {
  const t = useWords()
  const post =
    (verb: string, body: object = {}) =>
    () =>
      ask(`${path}/${verb}`, { method: 'POST', body })
  if (lot.endedAt !== null) {
    if (!lot.troubles.length) return null
    return html`<${ActButton}
      title=${t('Send the failed ones once more')}
      question=${html`<p>${t('The messages of this lot that failed are sent once more, in another lot.')}</p>`}
      act=${post('retry')}
      onDone=${onChanged}
    />`
  }
  return html`
    <${ActButton}
      title=${lot.state === 'collecting' ? t('Close and send now') : t('Go on now')}
      act=${post('process', { forceClose: lot.state === 'collecting' })}
      onDone=${onChanged}
    />
    <${ActButton}
      title=${t('Cancel')}
      question=${html`<p>${t('Messages that have not left end as failed, and the CRM is told so. What the gateway has stays there.')}</p>`}
      act=${post('cancel')}
      onDone=${onChanged}
    />
  `
}
