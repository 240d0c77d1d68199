import { html } from 'htm/preact'
import { Icon } from '../icons.ts'
import { advice, sentence } from '../trouble.ts'
import { permitted } from '../use-upload.ts'
import type { Pending } from './use-attachments.ts'

export function PendingAttachments({ pending, onDrop }: { pending: readonly Pending[]; onDrop: (id: number) => void }) {
  if (pending.length === 0) return null
  return html`
    <ul class="pending" aria-label="Attachments of this message">
      ${pending.map(
        item => html`
          <li key=${item.id} class=${item.problem ? 'pending-item bad' : 'pending-item'}>
            <${Icon} name=${item.problem ? 'alert' : item.type} />
            <span class="pending-name">${item.name}</span>
            ${state(item)}
            <button type="button" class="chip-drop" aria-label=${`Remove ${item.name}`} onClick=${() => onDrop(item.id)}><${Icon} name="close" /></button>
          </li>
        `
      )}
    </ul>
  `
}

function state({ name, share, uri, problem }: Pending) {
  if (problem)
    return html`<span role="alert">${sentence(problem.message)} ${permitted(problem) || advice(problem)}</span>`
  if (uri) return html`<span class="good">Uploaded</span>`
  return html`<progress value=${share} max="1" aria-label=${`Uploading ${name}`} />`
}
