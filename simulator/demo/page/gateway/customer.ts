import { html } from 'htm/preact'
import { Trouble } from 'page-kit/web/trouble.ts'
import { useEffect, useRef } from 'preact/hooks'
import type { Conversation, GatewayView } from '../../../crm/model.ts'
import { useShell } from '../shell.ts'
import { CustomerComposer } from './customer-composer.ts'
import { CustomerMessage } from './customer-message.ts'
import { useConnecting } from './use-gateway.ts'

interface CustomerProps {
  gateway: GatewayView
  conversation: Conversation
  /** The device on which customers read messages. */
  device: string
  /** Where there is no room for both sides, the other one may stand in its place. */
  shown: boolean
  onAgent: () => void
}

/** The other end of a conversation: what the customer got at the gateway, and what they answer. */
export function Customer({ gateway, conversation, device, shown, onAgent }: CustomerProps) {
  const { contact, name } = conversation
  const messages = gateway.messages.filter(message => message.contact === contact)
  const end = useRef<HTMLDivElement>(null)
  useEffect(() => end.current?.scrollIntoView({ block: 'end' }), [messages.length, shown])

  return html`
    <section class="conversation customer" aria-label=${`The ${device} of ${name}`}>
      <div class="conversation-head">
        <div>
          <h2>The ${device} of ${name}</h2>
          <p class="muted">The customer’s side, at the simulated gateway</p>
        </div>
        <button type="button" class="button small other-side" onClick=${onAgent}>Agent’s side</button>
      </div>
      <div class="messages" role="log" aria-label=${`Messages on the ${device} of ${name}`} tabindex="0">
        ${!gateway.connected && html`<${NotConnected} />`}
        ${gateway.connected && messages.length === 0 && html`<${Nothing} name=${name} replies=${gateway.replies} />`}
        ${messages.map(message => html`<${CustomerMessage} key=${message.id} message=${message} name=${name} />`)}
        <div ref=${end} />
      </div>
      ${!gateway.replies && html`<p class="no-composer">Customers can not write back by this gateway: it only delivers.</p>`}
      ${
        gateway.replies &&
        gateway.connected &&
        html`<${CustomerComposer} contact=${contact} name=${name} files=${gateway.files} />`
      }
    </section>
  `
}

function Nothing({ name, replies }: { name: string; replies: boolean }) {
  return html`
    <div class="empty">
      <h3>Nothing has reached ${name} yet</h3>
      <p>${replies ? 'Write as the agent, or as the customer below.' : 'Write as the agent: it arrives here.'}</p>
    </div>
  `
}

function NotConnected() {
  const { plugin } = useShell()
  const { connect, connecting, problem } = useConnecting(plugin)
  return html`
    <div class="empty">
      <h3>The gateway is not connected yet</h3>
      <p>The plugin lacks its settings, and it may not know where to call. Connect them to chat.</p>
      <p>
        <button type="button" class="button primary" disabled=${connecting} onClick=${connect}>
          ${connecting ? 'Connecting…' : 'Connect the gateway'}
        </button>
      </p>
      ${problem && html`<${Trouble} what="The gateway was not connected." problem=${problem} />`}
    </div>
  `
}
