import { html } from 'htm/preact'
import { Bubble } from 'page-kit/web/chat/bubble.ts'
import { Icon } from 'page-kit/web/icons.ts'
import type { Message } from '../../../crm/model.ts'
import { ask } from '../api.ts'
import { useShell } from '../shell.ts'

export function MessageView({ contact, message }: { contact: string; message: Message }) {
  const { direction, at, subject, content, attachments, state } = message
  const mine = direction === 'outgoing'
  return html`
    <${Bubble} mine=${mine} at=${at} subject=${subject} content=${content} attachments=${attachments} state=${state}>
      ${mine && state === 'error' && html`<${Failed} contact=${contact} message=${message} />`}
    </${Bubble}>
  `
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
