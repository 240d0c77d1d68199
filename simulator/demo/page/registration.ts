import { html } from 'htm/preact'
import type { Problem } from 'page-kit/web/answer.ts'
import { Trouble } from 'page-kit/web/trouble.ts'
import { useState } from 'preact/hooks'
import type { GatewayView, PluginSummary } from '../../crm/model.ts'
import { ask } from './api.ts'
import { useConnecting } from './gateway/use-gateway.ts'
import type { Info } from './info.ts'
import { address } from './use-route.ts'

const MARKETS = [
  ['RU', 'RUB', 'Russia, rouble'],
  ['BR', 'BRL', 'Brazil, real'],
  ['SK', 'EUR', 'Slovakia, euro'],
  ['US', 'USD', 'United States, dollar']
] as const

interface RegistrationProps {
  plugin: PluginSummary
  info: Info | undefined
  gateway: GatewayView | null
}

/**
 * The handshake: the CRM hands the plugin a secret, after which both believe
 * each other. Where there is a gateway to play with, it is connected at once.
 */
export function Registration({ plugin, info, gateway }: RegistrationProps) {
  const [market, setMarket] = useState(0)
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  const { connect, connectFirst, connecting, problem: unconnected } = useConnecting(plugin.key)
  const { registration } = plugin

  const register = async (event: Event) => {
    event.preventDefault()
    const [country, currency] = MARKETS[market] ?? MARKETS[0]
    setBusy(true)
    setProblem(undefined)
    const result = await ask(`plugins/${plugin.key}/registration`, { method: 'PUT', body: { country, currency } })
    setBusy(false)
    if (!result.ok) setProblem(result.problem)
    else await connectFirst()
  }

  return html`
    <section class="card narrow" aria-labelledby="registration-title">
      <h2 id="registration-title">${registration ? 'Registered' : 'Register this plugin'}</h2>
      <p class="muted">
        ${
          registration
            ? 'The plugin and the CRM share a secret. Registering again replaces it; settings and chats stay.'
            : 'The CRM signs a registration with its key; the plugin fetches the key, checks the signature and keeps the secret inside.'
        }
      </p>
      <${Facts} plugin=${plugin} info=${info} gateway=${gateway} />
      <form class="row end" onSubmit=${register}>
        <label class="stack">
          <span>Country and currency</span>
          <select class="control" value=${market} onChange=${(event: Event) => setMarket(Number((event.currentTarget as HTMLSelectElement).value))}>
            ${MARKETS.map(([, , name], index) => html`<option value=${index}>${name}</option>`)}
          </select>
        </label>
        <button class=${registration ? 'button' : 'button primary'} disabled=${busy}>
          ${busy ? 'Registering…' : registration ? 'Register again' : 'Register'}
        </button>
        ${registration && gateway && html`<${ConnectButton} connected=${gateway.connected} connecting=${connecting} onConnect=${connect} />`}
      </form>
      ${problem && html`<${Trouble} what="The plugin did not register." problem=${problem} />`}
      ${unconnected && html`<${Trouble} what="The gateway was not connected." problem=${unconnected} />`}
      <div role="status">
        ${
          registration &&
          html`<p class="next">
            Next: <a href=${address(plugin.key, 'settings')}>check the settings</a> or
            ${' '}<a href=${address(plugin.key, 'chat')}>start a chat</a>.
          </p>`
        }
      </div>
    </section>
  `
}

function Facts({ plugin, info, gateway }: RegistrationProps) {
  const { selfUri, reference, registration } = plugin
  return html`
    <dl class="facts">
      <dt>Self URI</dt>
      <dd><code>${selfUri}</code></dd>
      <dt>Company</dt>
      <dd><code>${reference.cid}</code></dd>
      <dt>Plugin</dt>
      <dd><code>${reference.plugin.alias} #${reference.plugin.id}</code></dd>
      ${registration && html`<dt>Since</dt><dd>${when(registration.at)}, ${registration.country}, ${registration.currency}</dd>`}
      ${gateway && html`<dt>Gateway</dt><dd>${stateOf(gateway)}</dd>`}
      ${info && html`<dt>Can</dt><dd>${abilities(info)}</dd>`}
    </dl>
  `
}

const stateOf = ({ connected, webhook }: GatewayView): string =>
  connected ? `simulated, connected: its settings are saved, and it ${webhook ? CALLS : CALLS_NOT}` : UNCONNECTED

const CALLS = 'calls the webhook when it has news'
const CALLS_NOT = 'calls no webhook'
const UNCONNECTED =
  'simulated, not connected yet: registering saves its settings, and tells it the webhook if it calls one'

interface ConnectProps {
  connected: boolean
  connecting: boolean
  onConnect: () => void
}

/** Connecting again puts back settings that were changed. */
function ConnectButton({ connected, connecting, onConnect }: ConnectProps) {
  const words = connected ? 'Connect the gateway again' : 'Connect the gateway'
  return html`
    <button type="button" class=${connected ? 'button' : 'button primary'} disabled=${connecting} onClick=${onConnect}>
      ${connecting ? 'Connecting the gateway…' : words}
    </button>
  `
}

const when = (at: string) => new Date(at).toLocaleTimeString()

function abilities({ extra: { contactType, capabilities } }: Info): string {
  const { messages, attachments, subject } = capabilities
  const directions = [messages.outgoing && 'sends', messages.incoming && 'receives'].filter(Boolean).join(' and ')
  const parts = [
    `${directions || 'neither sends nor receives'} messages to a ${contactType}`,
    `formats: ${messages.formats.join(', ')}`,
    attachments.length > 0 ? `attachments: ${attachments.join(', ')}` : 'no attachments',
    subject ? 'with a subject' : 'without a subject'
  ]
  return parts.join('; ')
}
