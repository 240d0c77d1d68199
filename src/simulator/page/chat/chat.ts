import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import type { Info } from '../info.ts'
import { Trouble } from '../trouble.ts'
import { ContactList } from './contact-list.ts'
import { ConversationView } from './conversation.ts'
import { useConversations } from './use-conversations.ts'
import { useUnread } from './use-unread.ts'

/** Contacts on one side, the conversation with one of them on the other. */
export function Chat({ info }: { info: Info }) {
  const { contactType, capabilities } = info.extra
  const { conversations, problem, reload, add } = useConversations(contactType)
  const [chosen, setChosen] = useState<string>()
  const [list, setList] = useState(true)
  const current = conversations.find(({ contact }) => contact === chosen) ?? conversations[0]
  const unread = useUnread(conversations, current?.contact)

  const choose = (contact: string) => {
    setChosen(contact)
    setList(false)
  }

  if (problem)
    return html`<${Trouble} what="The conversations could not be read." problem=${problem} onRetry=${reload} />`
  return html`
    <div class=${list ? 'chat show-list' : 'chat'}>
      <${ContactList}
        conversations=${conversations}
        current=${current?.contact}
        unread=${unread}
        contactType=${contactType}
        onChoose=${choose}
        onAdd=${add}
      />
      ${
        current
          ? html`<${ConversationView} key=${current.contact} conversation=${current} capabilities=${capabilities} shown=${!list} onBack=${() => setList(true)} />`
          : html`<p class="starting" role="status">Loading the conversations…</p>`
      }
    </div>
  `
}
