import { html } from 'htm/preact'
import { type Problem, sentence } from 'page-kit/web/answer.ts'
import { permitted } from 'page-kit/web/form/use-upload.ts'
import { Icon } from 'page-kit/web/icons.ts'
import { useAdvice } from 'page-kit/web/trouble.ts'
import type { Pending } from './use-attachments.ts'

export function PendingAttachments({ pending, onDrop }: { pending: readonly Pending[]; onDrop: (id: number) => void }) {
  const advice = useAdvice()
  if (pending.length === 0) return null
  return html`
    <ul class="pending" aria-label="Attachments of this message">
      ${pending.map(
        item => html`
          <li key=${item.id} class=${item.problem ? 'pending-item bad' : 'pending-item'}>
            <${Icon} name=${item.problem ? 'alert' : item.type} />
            <span class="pending-name">${item.name}</span>
            ${state(item, advice)}
            <button type="button" class="chip-drop" aria-label=${`Remove ${item.name}`} onClick=${() => onDrop(item.id)}><${Icon} name="close" /></button>
          </li>
        `
      )}
    </ul>
  `
}

function state({ name, share, uri, problem }: Pending, advice: (problem: Problem) => string) {
  if (problem)
    return html`<span role="alert">${sentence(problem.message)} ${permitted(problem) || advice(problem)}</span>`
  if (uri) return html`<span class="good">Uploaded</span>`
  return html`<progress value=${share} max="1" aria-label=${`Uploading ${name}`} />`
}
