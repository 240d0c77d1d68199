import { html } from 'htm/preact'
import { useWords } from 'page-kit/web/words.ts'
import type { PageProps } from '../page-props.ts'
import { ListTable } from '../parts/list-table.ts'
import { PageHead } from '../parts/page-head.ts'
import { RegistrationBadges } from '../parts/registration-badges.ts'
import { useList } from '../parts/use-list.ts'
import { Ago } from '../parts/when.ts'
import { placeOf } from '../route.ts'
import type { Registration } from '../shapes.ts'
import { OneRegistration } from './one-registration.ts'

export function RegistrationsPage({ rest: [id, tab], query }: PageProps) {
  return id ? html`<${OneRegistration} key=${id} id=${id} tab=${tab} query=${query} />` : html`<${AllRegistrations} />`
}

function AllRegistrations() {
  const t = useWords()
  const list = useList<Registration>('/registrations?limit=50')
  return html`
    <${PageHead} title=${t('Registrations')} about=${t('A channel of a company at the CRM.')}>
      <button type="button" class="button" onClick=${list.reload}>${t('Read again')}</button>
    </${PageHead}>
    <${ListTable}
      list=${list}
      caption=${t('Registrations')}
      keyOf=${({ id }: Registration) => id}
      empty=${html`<h2>${t('No CRM has registered yet')}</h2><p>${t('Its administrator adds the address of a channel as a plugin.')}</p>`}
      columns=${[
        {
          title: t('Registration'),
          cell: ({ id }: Registration) => html`<a href=${placeOf(['registrations', id])}>${id}</a>`
        },
        { title: t('Channel'), cell: ({ channel }: Registration) => channel },
        {
          title: t('Company'),
          cell: ({ company, alias }: Registration) =>
            html`<span class="text">${company}</span> <span class="muted text">${alias}</span>`
        },
        { title: t('State'), cell: (state: Registration) => html`<${RegistrationBadges} state=${state} />` },
        { title: t('Waiting'), cell: ({ waiting }: Registration) => waiting, isNumber: true },
        {
          title: t('Oldest waiting'),
          cell: ({ oldestWaitingAt }: Registration) => html`<${Ago} at=${oldestWaitingAt} />`
        },
        { title: t('Last sent'), cell: ({ lastSentAt }: Registration) => html`<${Ago} at=${lastSentAt} />` },
        { title: t('For the CRM'), cell: ({ crm }: Registration) => crm.waiting, isNumber: true }
      ]}
    />
  `
}
