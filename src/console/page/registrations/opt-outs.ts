import { html } from 'htm/preact'
import type { Problem } from 'page-kit/web/answer.ts'
import { Trouble } from 'page-kit/web/trouble.ts'
import { useWords } from 'page-kit/web/words.ts'
import { useState } from 'preact/hooks'
import { addressOf, ask, withQuery } from '../api.ts'
import { ActButton } from '../parts/act-button.ts'
import { FilterBar } from '../parts/filter-bar.ts'
import { ListTable } from '../parts/list-table.ts'
import { nameIn } from '../parts/names.ts'
import { useList } from '../parts/use-list.ts'
import { When } from '../parts/when.ts'
import type { Suppression } from '../shapes.ts'
import type { TabProps } from './tab-props.ts'

/** Contacts that want no messages. */
export function OptOutsTab({ registration, path, query }: TabProps) {
  const t = useWords()
  const { contact, purpose } = query
  const list = useList<Suppression>(withQuery(`${path}/suppressions`, { contact, purpose, limit: 50 }))
  const titles = { marketing: t('marketing'), all: t('all messages') }
  const lift = ({ contact, purpose }: Suppression) =>
    ask(`${path}/suppressions`, { method: 'DELETE', body: { contacts: [contact], purpose } })
  return html`
    <${NewOptOut} path=${path} onDone=${list.reload} />
    <${FilterBar}
      place=${['registrations', String(registration.id), 'opt-outs']}
      query=${query}
      fields=${[
        { name: 'contact', title: t('Contact'), kind: 'search' },
        { name: 'purpose', title: t('Of'), choices: Object.entries(titles).map(([value, title]) => ({ value, title })) }
      ]}
    >
      <a class="button plain" href=${addressOf(`${path}/suppressions.csv`)} download>${t('As CSV')}</a>
    </${FilterBar}>
    <${ListTable}
      list=${list}
      caption=${t('Opt-outs')}
      keyOf=${({ id }: Suppression) => id}
      empty=${html`<h2>${t('Nobody has opted out')}</h2><p>${t('Customers do so by a word, agents by /optout, programs by the API.')}</p>`}
      columns=${[
        { title: t('Since'), cell: ({ at }: Suppression) => html`<${When} at=${at} />` },
        {
          title: t('Contact'),
          cell: (row: Suppression) =>
            row.contact === null
              ? html`<span class="muted">${t('erased')}</span>`
              : html`<span class="text">${row.contact}</span>`
        },
        { title: t('Of'), cell: (row: Suppression) => titles[row.purpose] },
        { title: t('By'), cell: ({ source }: Suppression) => nameIn(t, source) },
        { title: t('Note'), cell: ({ note }: Suppression) => html`<span class="text">${note ?? ''}</span>` },
        {
          title: t('Lift'),
          cell: (row: Suppression) =>
            row.contact !== null &&
            html`<${ActButton}
              title=${t('Lift')}
              look="small"
              question=${html`<p>${t('{contact} may be written to again. Do so only if the customer has asked for it.', { contact: row.contact })}</p>`}
              act=${() => lift(row)}
              onDone=${list.reload}
            />`
        }
      ]}
    />
  `
}

function NewOptOut({ path, onDone }: { path: string; onDone: () => void }) {
  const t = useWords()
  const [contact, setContact] = useState('')
  const [purpose, setPurpose] = useState('marketing')
  const [problem, setProblem] = useState<Problem>()
  const [said, setSaid] = useState('')

  const submit = async (event: Event) => {
    event.preventDefault()
    const body = { contacts: [contact.trim()], purpose }
    const result = await ask<{ suppressed: number; cancelled: number }>(`${path}/suppressions`, {
      method: 'POST',
      body
    })
    setProblem(result.ok ? undefined : result.problem)
    if (!result.ok) return
    const { suppressed, cancelled } = result.body
    setSaid(
      suppressed === 0
        ? t('It was known already.')
        : t('Done. {count} waiting messages ended for it.', { count: cancelled })
    )
    setContact('')
    onDone()
  }
  return html`
    <form class="card filters" onSubmit=${submit} aria-label=${t('New opt-out')}>
      <div class="filter">
        <label for="opt-contact">${t('Contact that wants no messages')}</label>
        <input id="opt-contact" class="control" required value=${contact} onInput=${(event: Event) => setContact((event.currentTarget as HTMLInputElement).value)} />
      </div>
      <div class="filter">
        <label for="opt-purpose">${t('Of')}</label>
        <select id="opt-purpose" class="control" value=${purpose} onChange=${(event: Event) => setPurpose((event.currentTarget as HTMLSelectElement).value)}>
          <option value="marketing">${t('marketing')}</option>
          <option value="all">${t('all messages')}</option>
        </select>
      </div>
      <button class="button" disabled=${contact.trim() === ''}>${t('Add')}</button>
      <p role="status" class="muted">${said}</p>
      ${problem && html`<${Trouble} what=${t('That was not done.')} problem=${problem} />`}
    </form>
  `
}
