import { html } from 'htm/preact'
import { Trouble } from 'page-kit/web/trouble.ts'
import { useLoaded } from 'page-kit/web/use-loaded.ts'
import { useWords } from 'page-kit/web/words.ts'
import { useState } from 'preact/hooks'
import { ask } from '../api.ts'
import { ActButton } from '../parts/act-button.ts'
import { FilterBar, utcOf } from '../parts/filter-bar.ts'
import { nameIn } from '../parts/names.ts'
import { Facts } from '../parts/page-head.ts'
import { When } from '../parts/when.ts'
import type { TabProps } from './tab-props.ts'

interface Held {
  contact: string
  held: boolean
  by: string | null
  until: string | null
  reason: string | null
}

/** Holds: programs are kept silent in a conversation, because a person talks. */
export function HoldsTab({ registration, path, query }: TabProps) {
  const t = useWords()
  const { contact } = query
  return html`
    <p class="muted">${t('While a person talks with a contact, programs write nothing to it. Look a contact up to see or change that.')}</p>
    <${FilterBar}
      place=${['registrations', String(registration.id), 'holds']}
      query=${query}
      fields=${[{ name: 'contact', title: t('Contact'), kind: 'search', hint: t('As the CRM writes it') }]}
    />
    ${contact && html`<${OneHold} key=${contact} path=${`${path}/conversations/${encodeURIComponent(contact)}/hold`} />`}
  `
}

function OneHold({ path }: { path: string }) {
  const t = useWords()
  const [reason, setReason] = useState('')
  const [until, setUntil] = useState('')
  const { value: hold, problem, reload } = useLoaded(signal => ask<Held>(path, { signal }), [path])
  const text = (set: (value: string) => void) => (event: Event) => set((event.currentTarget as HTMLInputElement).value)
  if (problem) return html`<${Trouble} what=${t('The hold could not be read.')} problem=${problem} onRetry=${reload} />`
  if (!hold) return html`<p class="starting" role="status">${t('Loading…')}</p>`
  const end = utcOf(until)
  const body = { reason: reason.trim(), ...(end ? { until: end } : {}) }
  return html`
    <section class="card stack" aria-labelledby="hold-title">
      <h2 id="hold-title">${hold.held ? t('Programs are silent here') : t('Programs may write here')}</h2>
      <${Facts}
        facts=${[
          [t('Contact'), html`<span class="text">${hold.contact}</span>`],
          [t('By'), hold.by && nameIn(t, hold.by)],
          [t('Until'), hold.held && (hold.until ? html`<${When} at=${hold.until} />` : t('somebody ends it'))],
          [t('Reason'), hold.reason && html`<span class="text">${hold.reason}</span>`]
        ]}
      />
      ${
        hold.held
          ? html`<p><${ActButton} title=${t('End the hold')} act=${() => ask(path, { method: 'DELETE' })} onDone=${reload} /></p>`
          : html`
              <div class="field">
                <label for="hold-reason">${t('Reason')}</label>
                <input id="hold-reason" class="control" maxlength="500" value=${reason} onInput=${text(setReason)} />
              </div>
              <div class="field">
                <label for="hold-until">${t('Until')}</label>
                <input id="hold-until" class="control short" type="datetime-local" value=${until} onInput=${text(setUntil)} />
              </div>
              <p>
                <${ActButton} title=${t('Keep programs silent')} disabled=${reason.trim() === ''} act=${() => ask(path, { method: 'PUT', body })} onDone=${reload} />
              </p>
            `
      }
    </section>
  `
}
