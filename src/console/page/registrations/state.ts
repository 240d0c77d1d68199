import { html } from 'htm/preact'
import { useWords } from 'page-kit/web/words.ts'
import { useState } from 'preact/hooks'
import { ask } from '../api.ts'
import { TrafficChart } from '../overview/traffic-chart.ts'
import { ActButton } from '../parts/act-button.ts'
import { utcOf } from '../parts/filter-bar.ts'
import { Facts } from '../parts/page-head.ts'
import { Ago, When } from '../parts/when.ts'
import { placeOf } from '../route.ts'
import { useMay } from '../session.ts'
import type { TabProps } from './tab-props.ts'
import { WebhookAddress } from './webhook-address.ts'

/** State of a registration, and its pause. */
export function StateTab({ registration, path, onChanged }: TabProps) {
  const t = useWords()
  const may = useMay('operate')
  const { id, crm, plugin, cluster, registeredAt, archivedAt, lastSentAt, lastWebhookAt, waiting, oldestWaitingAt } =
    registration
  return html`
    <section class="card" aria-labelledby="traffic-title">
      <h2 id="traffic-title">${t('Last day')}</h2>
      <${TrafficChart} window="day" registration=${id} />
    </section>
    <div class="two">
      <section class="card" aria-labelledby="facts-title">
        <h2 id="facts-title">${t('Facts')}</h2>
        <${Facts}
          facts=${[
            [
              t('Waiting'),
              html`<a href=${placeOf(['messages'], { registration: id, state: 'waiting' })}>${waiting}</a>`
            ],
            [t('Oldest waiting'), html`<${Ago} at=${oldestWaitingAt} />`],
            [t('Failed'), html`<a href=${placeOf(['failures'], { registration: id })}>${t('by reason')}</a>`],
            [t('Last sent'), html`<${Ago} at=${lastSentAt} />`],
            [
              t('Last webhook'),
              html`<a href=${placeOf(['webhooks'], { registration: id })}><${Ago} at=${lastWebhookAt} /></a>`
            ],
            [
              t('For the CRM'),
              html`<a href=${placeOf(['outbox'], { registration: id, state: 'waiting' })}>${crm.waiting}</a>`
            ],
            [t('CRM last took'), html`<${Ago} at=${crm.lastTookAt} />`],
            [t('Plugin'), plugin],
            [t('Cluster'), html`<span class="text">${cluster}</span>`],
            [t('Registered'), html`<${When} at=${registeredAt} />`],
            [t('Archived'), archivedAt && html`<${When} at=${archivedAt} />`]
          ]}
        />
      </section>
      ${may && archivedAt === null && html`<${PauseCard} registration=${registration} path=${path} onChanged=${onChanged} />`}
    </div>
    ${may && archivedAt === null && html`<${WebhookAddress} path=${path} />`}
  `
}

function PauseCard({ registration, path, onChanged }: Pick<TabProps, 'registration' | 'path' | 'onChanged'>) {
  const t = useWords()
  const [reason, setReason] = useState('')
  const [until, setUntil] = useState('')
  const pause = registration.pauses.find(({ by }) => by === 'operator')
  const text = (set: (value: string) => void) => (event: Event) => set((event.currentTarget as HTMLInputElement).value)

  if (pause)
    return html`
      <section class="card" aria-labelledby="pause-title">
        <h2 id="pause-title">${t('Paused by an operator')}</h2>
        <p class="text">${pause.reason}</p>
        <p class="muted">${pause.until ? html`${t('Until')} <${When} at=${pause.until} />` : t('Until somebody resumes it.')}</p>
        <p class="row">
          <${ActButton} title=${t('Resume')} look="primary" act=${() => ask(`${path}/resume`, { method: 'POST' })} onDone=${onChanged} />
        </p>
      </section>
    `
  const end = utcOf(until)
  const body = { reason: reason.trim(), ...(end ? { until: end } : {}) }
  return html`
    <section class="card" aria-labelledby="pause-title">
      <h2 id="pause-title">${t('Pause')}</h2>
      <p class="muted">${t('Nothing is sent meanwhile. What the CRM posts is stored, replies of customers and statuses go on.')}</p>
      <div class="stack">
        <div class="field">
          <label for="pause-reason">${t('Reason, for those who ask why')}</label>
          <input id="pause-reason" class="control" maxlength="500" value=${reason} onInput=${text(setReason)} />
        </div>
        <div class="field">
          <label for="pause-until">${t('Until')}</label>
          <input id="pause-until" class="control short" type="datetime-local" value=${until} onInput=${text(setUntil)} />
        </div>
        <p class="row">
          <${ActButton} title=${t('Pause')} disabled=${reason.trim() === ''} act=${() => ask(`${path}/pause`, { method: 'POST', body })} onDone=${onChanged} />
        </p>
      </div>
    </section>
  `
}
