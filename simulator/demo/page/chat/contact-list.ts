import { html } from 'htm/preact'
import type { Result } from 'page-kit/web/answer.ts'
import type { Conversation } from '../../../crm/model.ts'
import { AddContact } from './add-contact.ts'
import { initials } from './people.ts'

interface ContactListProps {
  conversations: readonly Conversation[]
  current: string | undefined
  unread: (conversation: Conversation) => number
  contactType: string
  onChoose: (contact: string) => void
  onAdd: (contact: string, name: string) => Promise<Result<Conversation>>
}

export function ContactList({ conversations, current, unread, contactType, onChoose, onAdd }: ContactListProps) {
  return html`
    <section class="contacts" aria-label="Contacts">
      <ul>
        ${conversations.map(conversation => {
          const { contact, name } = conversation
          return html`
            <li key=${contact}>
              <button type="button" class="contact" aria-current=${contact === current ? 'true' : undefined} onClick=${() => onChoose(contact)}>
                <span class=${`avatar tone-${toneOf(contact)}`} aria-hidden="true">${initials(name)}</span>
                <span class="contact-text">
                  <span class="contact-name">${name}</span>
                  <span class="contact-last">${lastOf(conversation)}</span>
                </span>
                ${unread(conversation) > 0 && html`<span class="count new">${unread(conversation)}<span class="hidden"> unread</span></span>`}
              </button>
            </li>
          `
        })}
      </ul>
      <${AddContact} contactType=${contactType} onAdd=${onAdd} onAdded=${onChoose} />
    </section>
  `
}

function lastOf({ messages, contact }: Conversation): string {
  const last = messages.at(-1)
  if (!last) return contact
  const text = last.content?.text ?? last.attachments.map(({ name }) => name).join(', ')
  return last.direction === 'outgoing' ? `You: ${text}` : text
}

const toneOf = (contact: string) => [...contact].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % 5
