import { html } from 'htm/preact'
import type { Content, Message } from '../../../crm/model.ts'
import { ask } from '../api.ts'
import { Icon } from '../icons.ts'
import { Html, Markdown } from '../markdown.ts'
import { useShell } from '../shell.ts'
import { AttachmentView } from './attachment.ts'
import { Ticks } from './ticks.ts'

export function MessageView({ contact, message }: { contact: string; message: Message }) {
  const { direction, at, subject, content, attachments } = message
  const mine = direction === 'outgoing'
  return html`
    <article class=${`message ${mine ? 'mine' : 'theirs'}`} aria-label=${mine ? 'You wrote' : 'They wrote'}>
      <div class="bubble">
        ${subject && html`<p class="subject">${subject}</p>`}
        ${content && html`<div class="text"><${Text} ...${content} /></div>`}
        ${attachments.map(attachment => html`<${AttachmentView} key=${attachment.uri} ...${attachment} />`)}
        <p class="meta">
          <time datetime=${at}>${new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })}</time>
          ${mine && html`<${Ticks} state=${message.state} />`}
        </p>
      </div>
      ${mine && message.state === 'error' && html`<${Failed} contact=${contact} message=${message} />`}
    </article>
  `
}

function Text({ text, format }: Content) {
  if (format === 'markdown') return html`<${Markdown} text=${text} />`
  if (format === 'html') return html`<${Html} text=${text} />`
  return html`<p class="plain-text">${text}</p>`
}

function Failed({ contact, message }: { contact: string; message: Message }) {
  const { plugin } = useShell()
  const { subject, content, attachments, refusal: reason } = message
  const again = () =>
    ask(`plugins/${plugin}/messages`, { method: 'POST', body: { contact, subject, content, attachments } })

  return html`
    <p class="failed">
      <${Icon} name="alert" />
      <span>${reason ? `Not accepted: ${reason}` : 'The plugin reported that it could not be delivered.'}</span>
      <button type="button" class="button small plain" onClick=${again}><${Icon} name="again" /> Send again</button>
    </p>
  `
}
