import { html } from 'htm/preact'
import { useWords } from 'page-kit/web/words.ts'
import { withQuery } from '../api.ts'
import type { PageProps } from '../page-props.ts'
import { FilterBar, utcOf } from '../parts/filter-bar.ts'
import { ListTable } from '../parts/list-table.ts'
import { PageHead } from '../parts/page-head.ts'
import { useList } from '../parts/use-list.ts'
import type { Message } from '../shapes.ts'
import { messageColumns } from './message-columns.ts'
import { MessageStory } from './message-story.ts'

const STATES = ['waiting', 'sending', 'gathered', 'accepted', 'failed'] as const

/** The search, or one message and its story. */
export function MessagesPage({ rest: [id], query }: PageProps) {
  return id ? html`<${MessageStory} key=${id} id=${id} />` : html`<${Search} query=${query} />`
}

function Search({ query }: { query: PageProps['query'] }) {
  const t = useWords()
  const { q, state, registration, tag, class: lane, since, until } = query
  const narrowed = { state, registration, tag, class: lane, since: utcOf(since), until: utcOf(until) }
  const exact = useList<Message>(withQuery('/messages', { q, ...narrowed, limit: 50 }))
  const isNothing = q !== undefined && exact.items?.length === 0 && !exact.loading
  const title = (value: string) => ({ value, title: t(TITLES[value] ?? value) })

  return html`
    <${PageHead} title=${t('Messages')} />
    <${FilterBar}
      place=${['messages']}
      query=${query}
      fields=${[
        {
          name: 'q',
          title: t('Search'),
          kind: 'search',
          hint: t('Contact, id of the CRM, client or gateway, or a piece of a reason')
        },
        { name: 'state', title: t('State'), choices: STATES.map(title) },
        { name: 'class', title: t('Lane'), choices: ['normal', 'bulk'].map(title) },
        { name: 'registration', title: t('Registration'), kind: 'number' },
        { name: 'tag', title: t('Tag') },
        { name: 'since', title: t('Since'), kind: 'time' },
        { name: 'until', title: t('Until'), kind: 'time' }
      ]}
    />
    ${
      isNothing
        ? html`<${ByReason} reason=${q} narrowed=${narrowed} />`
        : html`<${ListTable}
            list=${exact}
            caption=${t('Messages')}
            columns=${messageColumns(t)}
            keyOf=${({ id }: Message) => id}
            empty=${html`<${Nothing} />`}
          />`
    }
  `
}

const TITLES: Readonly<Record<string, string>> = {
  waiting: 'waiting',
  sending: 'sending',
  gathered: 'in a lot',
  accepted: 'accepted',
  failed: 'failed',
  normal: 'normal',
  bulk: 'bulk'
}

interface ByReasonProps {
  reason: string
  narrowed: Readonly<Record<string, string | undefined>>
}

/** Second search, for a text that is no contact and no id: it may be a piece of a reason. */
function ByReason({ reason, narrowed }: ByReasonProps) {
  const t = useWords()
  const list = useList<Message>(withQuery('/messages', { ...narrowed, reason: reason.slice(0, 200), limit: 50 }))
  return html`
    ${list.items && list.items.length > 0 && html`<p class="muted" role="status">${t('No contact and no id is exactly this. Messages whose reason has it:')}</p>`}
    <${ListTable}
      list=${list}
      caption=${t('Messages')}
      columns=${messageColumns(t)}
      keyOf=${({ id }: Message) => id}
      empty=${html`<${Nothing} />`}
    />
  `
}

function Nothing() {
  const t = useWords()
  return html`
    <h2>${t('No message is like this')}</h2>
    <p>${t('Contacts and ids are found whole, as the CRM or the gateway writes them. Messages that have ended are kept for as long as the host is set to.')}</p>
  `
}
