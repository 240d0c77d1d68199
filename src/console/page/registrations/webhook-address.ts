import { html } from 'htm/preact'
import { useLoaded } from 'page-kit/web/use-loaded.ts'
import { useWords } from 'page-kit/web/words.ts'
import { ask } from '../api.ts'
import { ActButton } from '../parts/act-button.ts'

/** The address that the gateway calls; nothing where the channel has none. */
export function WebhookAddress({ path }: { path: string }) {
  const t = useWords()
  const { value, problem, reload } = useLoaded(signal => ask<{ url: string }>(`${path}/webhook`, { signal }), [path])
  if (problem || !value) return null
  return html`
    <section class="card" aria-labelledby="webhook-title">
      <h2 id="webhook-title">${t('Webhook address')}</h2>
      <p class="muted">${t('Entered at the gateway, which calls it. Whoever knows it can call it.')}</p>
      <p><code class="secret" tabindex="0">${value.url}</code></p>
      <p class="row">
        <${ActButton}
          title=${t('New address')}
          question=${html`<p>${t('The address that the gateway has now ends: enter the new one there at once.')}</p>`}
          act=${() => ask(`${path}/webhook/rotate`, { method: 'POST' })}
          onDone=${reload}
        />
      </p>
    </section>
  `
}
