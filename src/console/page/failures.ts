import { html } from 'htm/preact'
import { Trouble } from 'page-kit/web/trouble.ts'
import { useLoaded } from 'page-kit/web/use-loaded.ts'
import { useWords } from 'page-kit/web/words.ts'
import { useState } from 'preact/hooks'
import { ask, withQuery } from './api.ts'
import { OperationProgress } from './operation-progress.ts'
import type { PageProps } from './page-props.ts'
import { ActButton } from './parts/act-button.ts'
import { FilterBar, utcOf } from './parts/filter-bar.ts'
import { Table } from './parts/list-table.ts'
import { PageHead } from './parts/page-head.ts'
import { When } from './parts/when.ts'
import { placeOf } from './route.ts'
import { useMay } from './session.ts'
import type { FailureGroup, Operation } from './shapes.ts'

interface Groups {
  items: FailureGroup[]
  isCut: boolean
}

/** Failed messages by channel and reason, and their replay as a group. */
export function FailuresPage({ query }: PageProps) {
  const t = useWords()
  const may = useMay('operate')
  const { channel, registration, since, until } = query
  const range = { channel, registration, since: utcOf(since), until: utcOf(until) }
  const path = withQuery('/failures', range)
  const { value, problem, loading, reload } = useLoaded(signal => ask<Groups>(path, { signal }), [path])

  return html`
    <${PageHead} title=${t('Failures')} about=${since ? undefined : t('Of the last 7 days, the most frequent first.')}>
      <button type="button" class="button" onClick=${reload}>${t('Read again')}</button>
    </${PageHead}>
    <${FilterBar}
      place=${['failures']}
      query=${query}
      fields=${[
        { name: 'channel', title: t('Channel') },
        { name: 'registration', title: t('Registration'), kind: 'number' },
        { name: 'since', title: t('Since'), kind: 'time' },
        { name: 'until', title: t('Until'), kind: 'time' }
      ]}
    />
    <section aria-label=${t('Failures')} aria-busy=${loading}>
      ${problem && html`<${Trouble} what=${t('The list could not be read.')} problem=${problem} onRetry=${reload} />`}
      ${!problem && value === undefined && html`<p class="starting" role="status">${t('Loading…')}</p>`}
      ${value?.items.length === 0 && html`<div class="empty"><h2>${t('Nothing failed')}</h2><p>${t('No message ended as failed in this time.')}</p></div>`}
      ${
        value &&
        value.items.length > 0 &&
        html`<${Table}
          caption=${t('Failures')}
          items=${value.items}
          keyOf=${(group: FailureGroup) => `${group.channel} ${group.failure}`}
          columns=${[
            { title: t('Channel'), cell: (group: FailureGroup) => group.channel },
            {
              title: t('Reason'),
              cell: ({ reason, code }: FailureGroup) =>
                html`<span class="text">${reason ?? t('without a reason')}</span>${code && html` <span class="muted">${code}</span>`}`
            },
            { title: t('Messages'), cell: (group: FailureGroup) => group.count, isNumber: true },
            { title: t('First'), cell: (group: FailureGroup) => html`<${When} at=${group.firstAt} />` },
            { title: t('Last'), cell: (group: FailureGroup) => html`<${When} at=${group.lastAt} />` },
            {
              title: t('Sample'),
              cell: ({ sample }: FailureGroup) =>
                html`<a href=${placeOf(['messages', sample.id])}>${sample.id}</a> <span class="muted text">${sample.contact}</span>`
            },
            ...(may
              ? [
                  {
                    title: t('Replay'),
                    cell: (group: FailureGroup) =>
                      html`<${GroupReplay} key=${group.replaying} group=${group} onDone=${reload} />`
                  }
                ]
              : [])
          ]}
        />`
      }
      ${value?.isCut && html`<p class="muted">${t('There are more groups: narrow the list down.')}</p>`}
    </section>
  `
}

interface ReplayProps {
  group: FailureGroup
  onDone: () => void
}

/** Replays a group at a rate, and shows how far that is. */
function GroupReplay({ group, onDone }: ReplayProps) {
  const t = useWords()
  const [perSecond, setPerSecond] = useState('10')
  const [operation, setOperation] = useState(group.replaying)
  const { filter, count } = group
  if (operation !== null) return html`<${OperationProgress} id=${operation} onEnd=${onDone} />`

  const rate = Number(perSecond)
  const body = { filter, ...(rate >= 1 ? { perSecond: Math.floor(rate) } : {}) }
  return html`
    <${ActButton}
      title=${t('Send once more')}
      look="small"
      act=${() => ask<{ operation: Operation | null }>('/messages/replay', { method: 'POST', body })}
      onDone=${(answer: { operation: Operation | null }) => setOperation(answer.operation?.id ?? null)}
      question=${html`
        <p>${t('{count} messages of this group are sent once more, and the CRM gets their statuses anew.', { count })}</p>
        <div class="field">
          <label for="rate">${t('Messages a second')}</label>
          <p class="about">${t('Empty: as fast as they go.')}</p>
          <input
            id="rate"
            class="control short"
            type="number"
            min="1"
            max="1000"
            value=${perSecond}
            onInput=${(event: Event) => setPerSecond((event.currentTarget as HTMLInputElement).value)}
          />
        </div>
      `}
    />
  `
}
