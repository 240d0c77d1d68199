import { html } from 'htm/preact'
import type { Words } from 'page-kit/web/words.ts'
import { StateBadge } from '../parts/badge.ts'
import type { Column } from '../parts/list-table.ts'
import { When } from '../parts/when.ts'
import { placeOf } from '../route.ts'
import type { Message } from '../shapes.ts'

/** Columns of a list of messages. */
export const messageColumns = (t: Words): Column<Message>[] => [
  { title: t('Accepted'), cell: ({ acceptedAt }) => html`<${When} at=${acceptedAt} />` },
  { title: t('Message'), cell: ({ id }) => html`<a href=${placeOf(['messages', id])}>${id}</a>` },
  { title: t('Contact'), cell: ({ contact }) => html`<span class="text">${contact}</span>` },
  {
    title: t('Registration'),
    cell: ({ registration }) => html`<a href=${placeOf(['registrations', registration])}>${registration}</a>`
  },
  {
    title: t('State'),
    cell: ({ state, status }) =>
      html`<${StateBadge} state=${state} /> ${status && status !== 'error' && html`<span class="muted">${t(status)}</span>`}`
  },
  {
    title: t('Reason'),
    cell: ({ reason, code }) =>
      html`<span class="text">${reason ?? ''}</span>${code && html` <span class="muted">${code}</span>`}`
  },
  {
    title: t('From'),
    cell: ({ client, tag }) => html`${client ?? t('CRM')}${tag && html` <span class="tag">${tag}</span>`}`
  },
  { title: t('Attempts'), cell: ({ attempts }) => attempts, isNumber: true }
]
