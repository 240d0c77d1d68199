import { html } from 'htm/preact'
import type { Problem } from 'page-kit/web/answer.ts'
import { Icon } from 'page-kit/web/icons.ts'
import { Trouble } from 'page-kit/web/trouble.ts'
import { useState } from 'preact/hooks'
import type { Attachment, AttachmentType } from '../../../crm/model.ts'
import { ask } from '../api.ts'
import { AttachButtons } from '../chat/attach-buttons.ts'
import { useShell } from '../shell.ts'

interface ComposerProps {
  contact: string
  name: string
  /** The gateway takes files of customers. */
  files: boolean
}

const ALL_TYPES: readonly AttachmentType[] = ['file', 'image', 'voice']

/** Where a customer writes. A file goes with the message itself, for the gateway is what stores it. */
export function CustomerComposer({ contact, name, files }: ComposerProps) {
  const { plugin } = useShell()
  const [text, setText] = useState('')
  const [attachments, setAttachments] = useState<readonly Attachment[]>([])
  const [problem, setProblem] = useState<Problem>()
  const empty = text.trim() === '' && attachments.length === 0

  const add = async (type: AttachmentType, file: File) => {
    const uri = await dataUri(file)
    setAttachments(before => [...before, { name: file.name, type, uri }])
  }

  const send = async () => {
    if (empty) return
    setText('')
    setAttachments([])
    setProblem(undefined)
    const body = { contact, text: text.trim(), attachments }
    const result = await ask(`plugins/${plugin}/gateway/messages`, { method: 'POST', body })
    if (result.ok) return
    setText(text)
    setAttachments(attachments)
    setProblem(result.problem)
  }

  const submit = (event: Event) => {
    event.preventDefault()
    send()
  }
  const press = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) submit(event)
  }

  return html`
    <form class="composer" onSubmit=${submit}>
      ${problem && html`<${Trouble} what="The customer's message was not sent." problem=${problem} />`}
      <${Chosen} attachments=${attachments} onDrop=${(dropped: Attachment) => setAttachments(attachments.filter(one => one !== dropped))} />
      <textarea
        class="control"
        rows="2"
        aria-label=${`Message from ${name}`}
        placeholder=${`Write as ${name}`}
        value=${text}
        onInput=${(event: Event) => setText((event.currentTarget as HTMLTextAreaElement).value)}
        onKeyDown=${press}
      />
      <div class="row composer-bar">
        ${
          files
            ? html`<${AttachButtons} types=${ALL_TYPES} onFile=${add} />`
            : html`<span class="muted hint">No files by this gateway</span>`
        }
        <button class="button push" disabled=${empty}><${Icon} name="send" /> Send</button>
      </div>
    </form>
  `
}

interface ChosenProps {
  attachments: readonly Attachment[]
  onDrop: (attachment: Attachment) => void
}

function Chosen({ attachments, onDrop }: ChosenProps) {
  if (attachments.length === 0) return null
  return html`
    <ul class="pending" aria-label="Attachments of the customer's message">
      ${attachments.map(
        attachment => html`
          <li class="pending-item">
            <${Icon} name=${attachment.type} />
            <span class="pending-name">${attachment.name}</span>
            <button type="button" class="chip-drop" aria-label=${`Remove ${attachment.name}`} onClick=${() => onDrop(attachment)}>
              <${Icon} name="close" />
            </button>
          </li>
        `
      )}
    </ul>
  `
}

const dataUri = (file: File): Promise<string> =>
  new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.onload = () => resolve(String(reader.result))
    reader.onerror = () => reject(reader.error)
    reader.readAsDataURL(file)
  })
