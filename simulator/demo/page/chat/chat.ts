import { html } from 'htm/preact'
import { Trouble } from 'page-kit/web/trouble.ts'
import { useState } from 'preact/hooks'
import type { GatewayView } from '../../../crm/model.ts'
import { Customer } from '../gateway/customer.ts'
import type { Info } from '../info.ts'
import { ContactList } from './contact-list.ts'
import { ConversationView } from './conversation.ts'
import { useConversations } from './use-conversations.ts'
import { useUnread } from './use-unread.ts'

/** The contacts, the conversation with one of them, and its other side where there is a gateway to play with. */
export function Chat({ info, gateway }: { info: Info; gateway: GatewayView | null }) {
  const { contactType, capabilities } = info.extra
  const { conversations, problem, reload, add } = useConversations(contactType, gateway?.country ?? null)
  const [chosen, setChosen] = useState<string>()
  const [list, setList] = useState(true)
  const [side, setSide] = useState<'agent' | 'customer'>('agent')
  const current = conversations.find(({ contact }) => contact === chosen) ?? conversations[0]
  const unread = useUnread(conversations, current?.contact)

  const choose = (contact: string) => {
    setChosen(contact)
    setList(false)
  }

  if (problem)
    return html`<${Trouble} what="The conversations could not be read." problem=${problem} onRetry=${reload} />`
  const shape = ['chat', list && 'show-list', gateway && 'two-sided', side === 'customer' && 'show-customer']
  return html`
    <div class=${shape.filter(Boolean).join(' ')}>
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
          ? html`<${ConversationView}
              key=${current.contact}
              conversation=${current}
              capabilities=${capabilities}
              shown=${!list && side === 'agent'}
              onBack=${() => setList(true)}
              onCustomer=${gateway ? () => setSide('customer') : undefined}
            />`
          : html`<p class="starting" role="status">Loading the conversations…</p>`
      }
      ${
        current &&
        gateway &&
        html`<${Customer}
          key=${`customer ${current.contact}`}
          gateway=${gateway}
          conversation=${current}
          device=${contactType === 'email' ? 'mailbox' : 'phone'}
          shown=${!list && side === 'customer'}
          onAgent=${() => setSide('agent')}
        />`
      }
    </div>
  `
}
