import { html } from 'htm/preact'
import { AttachmentView } from 'page-kit/web/chat/attachment.ts'
import { Icon, type IconName } from 'page-kit/web/icons.ts'
import { Html } from 'page-kit/web/markdown.ts'
import type { GatewayFile, GatewayMessage } from '../../../crm/model.ts'

const STATES: Record<GatewayMessage['state'], { icon: IconName; words: string }> = {
  sending: { icon: 'clock', words: 'On its way to the plugin' },
  taken: { icon: 'check', words: 'Taken by the plugin' },
  refused: { icon: 'alert', words: 'Not taken' }
}

/** A message as the customer has it, in the marks of the gateway. */
export function CustomerMessage({ message, name }: { message: GatewayMessage; name: string }) {
  const { from, at, subject, text, html: asHtml, files, state, refusal } = message
  const mine = from === 'customer'
  return html`
    <article class=${`message ${mine ? 'mine' : 'theirs'}`} aria-label=${mine ? `${name} wrote` : `${name} received`}>
      <div class="bubble">
        ${subject && html`<p class="subject">${subject}</p>`}
        ${text && (asHtml ? html`<div class="text"><${Html} text=${text} /></div>` : html`<p class="plain-text">${text}</p>`)}
        ${files.map((file, index) => html`<${FileView} key=${index} ...${file} />`)}
        <p class="meta">
          <time datetime=${at}>${new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })}</time>
          ${mine && html`<${State} state=${state} />`}
        </p>
      </div>
      ${refusal !== null && html`<p class="error"><${Icon} name="alert" /> <span>The plugin did not take it: ${refusal}</span></p>`}
    </article>
  `
}

function State({ state }: Pick<GatewayMessage, 'state'>) {
  const { icon, words } = STATES[state]
  return html`<span class="ticks" title=${words}><${Icon} name=${icon} /><span class="hidden">${words}</span></span>`
}

/** A file without a type is tried as a picture. */
function FileView({ name, type, address }: GatewayFile) {
  return address
    ? html`<${AttachmentView} name=${name} uri=${address} type=${type ?? 'image'} />`
    : html`<p class="attachment"><${Icon} name="file" /> <span>${name}</span></p>`
}
