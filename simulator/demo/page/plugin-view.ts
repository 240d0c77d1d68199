import { html } from 'htm/preact'
import { FormSourceContext } from 'page-kit/web/form/form-source.ts'
import { SettingsView } from 'page-kit/web/form/settings-view.ts'
import { Markdown } from 'page-kit/web/markdown.ts'
import { Trouble } from 'page-kit/web/trouble.ts'
import { useLoaded } from 'page-kit/web/use-loaded.ts'
import { useState } from 'preact/hooks'
import type { GatewayView, PluginSummary } from '../../crm/model.ts'
import { ask } from './api.ts'
import { Chat } from './chat/chat.ts'
import { useGateway } from './gateway/use-gateway.ts'
import type { Info } from './info.ts'
import { pluginForm } from './plugin-form.ts'
import { Registration } from './registration.ts'
import { useShell } from './shell.ts'
import { address, VIEWS, type View } from './use-route.ts'

const TITLES: Record<View, string> = { registration: 'Registration', settings: 'Settings', chat: 'Chat' }

/** A plugin: its identity, and its registration, settings or chat. */
export function PluginView({ plugin, view: wanted }: { plugin: PluginSummary; view: View | undefined }) {
  const { language } = useShell()
  const info = useLoaded(
    signal => ask<Info>(`plugins/${plugin.key}/info`, { language, signal }),
    [plugin.key, language]
  )
  const gateway = useGateway(plugin.key)
  // Decided once: whoever has just registered wants to see that it worked.
  const [first] = useState<View>(plugin.registration ? 'chat' : 'registration')
  const view = wanted ?? first

  return html`
    <div class="plugin">
      <div class="plugin-head">
        <div class="plugin-name">
          <h1>${info.value?.name ?? plugin.name}</h1>
          ${info.value && html`<p class="muted"><${Markdown} inline text=${info.value.description} /></p>`}
        </div>
        <nav class="tabs" aria-label="Parts of the plugin">
          ${VIEWS.map(
            name => html`
              <a key=${name} href=${address(plugin.key, name)} aria-current=${name === view ? 'page' : undefined}>
                ${TITLES[name]}
              </a>
            `
          )}
        </nav>
      </div>
      ${info.problem && html`<${Trouble} what="The plugin's info could not be read." problem=${info.problem} onRetry=${info.reload} />`}
      ${gateway.problem && html`<${Trouble} what="The gateway could not be asked." problem=${gateway.problem} onRetry=${gateway.reload} />`}
      ${(!info.problem || view === 'registration') && content(view, plugin, info.value, gateway.value)}
    </div>
  `
}

function content(view: View, plugin: PluginSummary, info: Info | undefined, gateway: GatewayView | null | undefined) {
  if (view === 'registration') return html`<${Registration} plugin=${plugin} info=${info} gateway=${gateway ?? null} />`
  if (!plugin.registration) return html`<${NotYet} plugin=${plugin} view=${view} />`
  if (view === 'settings') return html`<${PluginSettings} />`
  return info && gateway !== undefined ? html`<${Chat} info=${info} gateway=${gateway} />` : null
}

/** The source stays the same for one plugin and language, as its key does. */
function PluginSettings() {
  const { plugin, selfUri, language } = useShell()
  return html`
    <${FormSourceContext.Provider} value=${pluginForm(plugin, selfUri, language)}>
      <${SettingsView} />
    </${FormSourceContext.Provider}>
  `
}

function NotYet({ plugin, view }: { plugin: PluginSummary; view: View }) {
  const then = view === 'settings' ? 'its settings form appears here' : 'you can write to contacts here'
  return html`
    <section class="empty">
      <h2>${plugin.name} is not registered yet</h2>
      <p>The CRM and the plugin share no secret so far. Register the plugin, then ${then}.</p>
      <p><a class="button primary" href=${address(plugin.key, 'registration')}>Go to registration</a></p>
    </section>
  `
}
