import { html } from 'htm/preact'
import { Icon } from 'page-kit/web/icons.ts'
import { useEffect, useRef } from 'preact/hooks'
import type { Conversation } from '../../../crm/model.ts'
import type { Capabilities } from '../info.ts'
import { Composer } from './composer.ts'
import { MessageView } from './message.ts'

interface ConversationProps {
  conversation: Conversation
  capabilities: Capabilities
  /** On a narrow screen the list of contacts may stand in its place. */
  shown: boolean
  onBack: () => void
  /** Undefined where the customer's side is not known. */
  onCustomer: (() => void) | undefined
}

export function ConversationView({ conversation, capabilities, shown, onBack, onCustomer }: ConversationProps) {
  const { contact, name, messages } = conversation
  const end = useRef<HTMLDivElement>(null)
  useEffect(() => end.current?.scrollIntoView({ block: 'end' }), [messages.length, messages.at(-1)?.state, shown])

  return html`
    <section class="conversation agent" aria-label=${`Conversation with ${name}`}>
      <div class="conversation-head">
        <button type="button" class="button small plain back" aria-label="Back to the contacts" onClick=${onBack}><${Icon} name="left" /></button>
        <div>
          <h2>${name}</h2>
          ${name !== contact && html`<p class="muted">${contact}</p>`}
        </div>
        ${onCustomer && html`<button type="button" class="button small other-side" onClick=${onCustomer}>Customer’s side</button>`}
      </div>
      <div class="messages" role="log" aria-label="Messages" tabindex="0">
        ${messages.length === 0 && html`<${Nothing} name=${name} capabilities=${capabilities} />`}
        ${messages.map(message => html`<${MessageView} key=${message.id} contact=${contact} message=${message} />`)}
        <div ref=${end} />
      </div>
      <${Footer} conversation=${conversation} capabilities=${capabilities} />
    </section>
  `
}

function Nothing({ name, capabilities }: { name: string; capabilities: Capabilities }) {
  const { outgoing, writeFirst } = capabilities.messages
  return html`
    <div class="empty">
      <h3>No messages with ${name} yet</h3>
      <p>${outgoing && writeFirst ? 'Write one below. Its statuses tick as the plugin reports them.' : 'The contact has to write first.'}</p>
    </div>
  `
}

/** The composer, or why there is none. */
function Footer({ conversation, capabilities }: { conversation: Conversation; capabilities: Capabilities }) {
  const { outgoing, incoming, writeFirst } = capabilities.messages
  const hasWritten = conversation.messages.some(({ direction }) => direction === 'incoming')
  if (!outgoing) return html`<p class="no-composer">This plugin only receives messages.</p>`
  if (!writeFirst && !hasWritten) {
    return html`<p class="no-composer">This plugin can not write first. The composer opens when ${conversation.name} has written.</p>`
  }
  return html`
    ${!incoming && html`<p class="no-composer">This plugin only sends: no replies will come.</p>`}
    <${Composer} contact=${conversation.contact} name=${conversation.name} capabilities=${capabilities} />
  `
}
