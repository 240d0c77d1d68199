import { html } from 'htm/preact'
import { Trouble } from 'page-kit/web/trouble.ts'
import { useLoaded } from 'page-kit/web/use-loaded.ts'
import { useWords, type Words } from 'page-kit/web/words.ts'
import { useState } from 'preact/hooks'
import { ask, withQuery } from './api.ts'
import type { PageProps } from './page-props.ts'
import { ActButton } from './parts/act-button.ts'
import { FilterBar, utcOf } from './parts/filter-bar.ts'
import { ListTable } from './parts/list-table.ts'
import { Facts, PageHead } from './parts/page-head.ts'
import { useList } from './parts/use-list.ts'
import { When } from './parts/when.ts'
import { placeOf } from './route.ts'
import { useMay } from './session.ts'
import type { ReceivedWebhook, WholeWebhook } from './shapes.ts'

/** Calls of gateways as they came, and how they were read. */
export function WebhooksPage({ rest: [id], query }: PageProps) {
  return id ? html`<${OneWebhook} key=${id} id=${id} />` : html`<${AllWebhooks} query=${query} />`
}

function AllWebhooks({ query }: Pick<PageProps, 'query'>) {
  const t = useWords()
  const { registration, read, since, until } = query
  const list = useList<ReceivedWebhook>(
    withQuery('/webhooks/received', { registration, read, since: utcOf(since), until: utcOf(until), limit: 50 })
  )
  return html`
    <${PageHead} title=${t('Webhooks received')} about=${t('Calls of gateways as they came, and how they were read.')}>
      <button type="button" class="button" onClick=${list.reload}>${t('Read again')}</button>
    </${PageHead}>
    <${FilterBar}
      place=${['webhooks']}
      query=${query}
      fields=${[
        {
          name: 'read',
          title: t('Read'),
          choices: [
            { value: 'events', title: t('to events') },
            { value: 'skipped', title: t('skipped') },
            { value: 'failed', title: t('failed') }
          ]
        },
        { name: 'registration', title: t('Registration'), kind: 'number' },
        { name: 'since', title: t('Since'), kind: 'time' },
        { name: 'until', title: t('Until'), kind: 'time' }
      ]}
    />
    <${ListTable}
      list=${list}
      caption=${t('Webhooks received')}
      keyOf=${(call: ReceivedWebhook) => call.id}
      empty=${html`<h2>${t('No gateway has called')}</h2><p>${t('Calls are kept for as long as the host is set to. Those that are not genuine are not kept.')}</p>`}
      columns=${[
        { title: t('Received'), cell: (call: ReceivedWebhook) => html`<${When} at=${call.receivedAt} />` },
        {
          title: t('Call'),
          cell: (call: ReceivedWebhook) => html`<a href=${placeOf(['webhooks', call.id])}>${call.id}</a>`
        },
        {
          title: t('Registration'),
          cell: (call: ReceivedWebhook) =>
            html`<a href=${placeOf(['registrations', call.registration])}>${call.registration}</a>`
        },
        { title: t('Events'), cell: (call: ReceivedWebhook) => call.events, isNumber: true },
        { title: t('Read'), cell: (call: ReceivedWebhook) => html`<span class="text">${howRead(t, call)}</span>` },
        { title: t('Bytes'), cell: (call: ReceivedWebhook) => call.bytes, isNumber: true }
      ]}
    />
  `
}

function howRead(t: Words, { events, skipped, failed, replayedAt }: ReceivedWebhook): string {
  const left = Object.entries(skipped).map(([why, count]) => `${t('skipped')}: ${why} × ${count}`)
  const parts = [
    failed === null ? undefined : `${t('failed')}: ${failed}`,
    ...left,
    replayedAt === null ? undefined : t('replayed')
  ].filter(part => part !== undefined)
  return parts.join('; ') || (events > 0 ? t('to events') : t('nothing was in it'))
}

interface Replayed {
  replayed: number
  events: number
  skipped: number
  failed: number
}

function OneWebhook({ id }: { id: string }) {
  const t = useWords()
  const may = useMay('operate')
  const [replayed, setReplayed] = useState<Replayed>()
  const path = `/webhooks/received/${encodeURIComponent(id)}`
  const { value: call, problem, reload } = useLoaded(signal => ask<WholeWebhook>(path, { signal }), [path])
  if (problem)
    return html`<${PageHead} title=${t('Call {id}', { id })} /><${Trouble} what=${t('The call could not be read.')} problem=${problem} onRetry=${reload} />`
  if (!call) return html`<p class="starting" role="status">${t('Loading…')}</p>`
  const replay = () =>
    ask<Replayed>('/webhooks/received/replay', {
      method: 'POST',
      body: { registration: call.registration, ids: [call.id] }
    })

  return html`
    <${PageHead} title=${t('Call {id}', { id })} about=${howRead(t, call)}>
      ${
        may &&
        call.kept &&
        html`<${ActButton}
          title=${t('Read once more')}
          question=${html`<p>${t('What was skipped or failed may become events now. What is known already changes nothing.')}</p>`}
          act=${replay}
          onDone=${(answer: Replayed) => {
            setReplayed(answer)
            reload()
          }}
        />`
      }
    </${PageHead}>
    ${
      replayed &&
      html`<p class="next" role="status">
        ${t('Read once more: {events} events, {skipped} calls skipped in part, {failed} failed', { events: replayed.events, skipped: replayed.skipped, failed: replayed.failed })}
      </p>`
    }
    <section class="card">
      <${Facts}
        facts=${[
          [t('Received'), html`<${When} at=${call.receivedAt} />`],
          [t('Registration'), html`<a href=${placeOf(['registrations', call.registration])}>${call.registration}</a>`],
          [t('Events'), call.events],
          [t('Bytes'), call.bytes],
          [t('Replayed'), call.replayedAt && html`<${When} at=${call.replayedAt} />`],
          [t('Type'), call.request?.contentType],
          [
            t('Query'),
            call.request &&
              Object.keys(call.request.query).length > 0 &&
              html`<code class="text">${JSON.stringify(call.request.query)}</code>`
          ]
        ]}
      />
    </section>
    <section class="card" aria-labelledby="body-title">
      <h2 id="body-title">${t('Body')}</h2>
      ${call.request ? html`<pre class="body" tabindex="0">${bodyText(call.request)}</pre>` : html`<p class="muted">${t('It was too large to be kept.')}</p>`}
    </section>
  `
}

/** JSON is shown in lines; anything else as it came. */
function bodyText({ body, encoding }: NonNullable<WholeWebhook['request']>): string {
  if (encoding === 'base64') return body
  try {
    return JSON.stringify(JSON.parse(body), undefined, 2)
  } catch {
    return body
  }
}
