import { html } from 'htm/preact'
import type { Problem } from 'page-kit/web/answer.ts'
import { Icon } from 'page-kit/web/icons.ts'
import { Trouble } from 'page-kit/web/trouble.ts'
import { useState } from 'preact/hooks'
import type { AttachmentType } from '../../../crm/model.ts'
import { ask } from '../api.ts'
import type { Capabilities } from '../info.ts'
import { useShell } from '../shell.ts'
import { AttachButtons } from './attach-buttons.ts'
import { PendingAttachments } from './pending-attachments.ts'
import { useAttachments } from './use-attachments.ts'

const FORMATS: Readonly<Record<string, string>> = { text: 'Plain text', markdown: 'Markdown', html: 'HTML' }

export function Composer({
  contact,
  name,
  capabilities
}: {
  contact: string
  name: string
  capabilities: Capabilities
}) {
  const { plugin } = useShell()
  const formats = capabilities.messages.formats
  const [text, setText] = useState('')
  const [subject, setSubject] = useState('')
  const [format, setFormat] = useState(formats[0] ?? 'text')
  const [problem, setProblem] = useState<Problem>()
  const { pending, ready, busy, add, drop, clear } = useAttachments()
  const empty = text.trim() === '' && ready.length === 0

  const send = async () => {
    if (empty || busy) return
    const content = text.trim() === '' ? null : { text, format }
    const body = { contact, subject: subject.trim() || null, content, attachments: ready }
    setText('')
    clear()
    setProblem(undefined)
    const result = await ask(`plugins/${plugin}/messages`, { method: 'POST', body })
    // A plugin that does not answer is told at the message itself; only a lost demo leaves no trace of it.
    if (!result.ok && result.problem.status !== 502) {
      setText(text)
      setProblem(result.problem)
    }
  }

  const press = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
    event.preventDefault()
    send()
  }

  return html`
    <form
      class="composer"
      onSubmit=${(event: Event) => {
        event.preventDefault()
        send()
      }}
    >
      ${problem && html`<${Trouble} what="The message was not sent." problem=${problem} />`}
      ${
        capabilities.subject &&
        html`<input
          class="control subject-line"
          placeholder="Subject (optional)"
          aria-label="Subject"
          value=${subject}
          onInput=${(event: Event) => setSubject((event.currentTarget as HTMLInputElement).value)}
        />`
      }
      <${PendingAttachments} pending=${pending} onDrop=${drop} />
      <textarea
        class="control"
        rows="2"
        aria-label=${`Message to ${name}`}
        placeholder="Write a message"
        value=${text}
        onInput=${(event: Event) => setText((event.currentTarget as HTMLTextAreaElement).value)}
        onKeyDown=${press}
      />
      <div class="row composer-bar">
        <${AttachButtons} types=${capabilities.attachments as AttachmentType[]} onFile=${add} />
        ${
          formats.length > 1 &&
          html`<select class="control small" aria-label="Format" value=${format} onChange=${(event: Event) => setFormat((event.currentTarget as HTMLSelectElement).value)}>
            ${formats.map(known => html`<option value=${known}>${FORMATS[known] ?? known}</option>`)}
          </select>`
        }
        <span class="muted hint wide-only">Enter sends, Shift+Enter breaks the line</span>
        <button class="button primary push" disabled=${empty || busy}><${Icon} name="send" /> Send</button>
      </div>
    </form>
  `
}
