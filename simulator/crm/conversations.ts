import { randomUUID } from 'node:crypto'
import type { Feed } from './feed.ts'
import type { Attachment, Content, Conversation, Message, Status } from './model.ts'

export interface Draft {
  contact: string
  subject?: string | null
  content?: Content | null
  attachments?: readonly Attachment[]
  /** Given by the CRM unless a test wants a certain one. */
  id?: string
}

/** The chats of one plugin: what was sent, what came back, and how far each message got. */
export function createConversations(plugin: string, feed: Feed) {
  const chats = new Map<string, Conversation>()
  const byNumber = new Map<string, Conversation>()
  const owners = new Map<string, { chat: Conversation; message: Message }>()

  const open = (contact: string, name = contact): Conversation => {
    const known = chats.get(contact)
    if (known) return known
    const chat: Conversation = { contact, name, messages: [] }
    chats.set(contact, chat)
    const number = numberOf(contact)
    if (number && !byNumber.has(number)) byNumber.set(number, chat)
    return chat
  }

  /** A CRM knows its people by their number, however a gateway writes it. */
  const find = (contact: string): Conversation | undefined => chats.get(contact) ?? byNumber.get(numberOf(contact))

  const tell = ({ contact, name }: Conversation, message: Message) =>
    feed.publish({ type: 'message', plugin, contact, name, message: structuredClone(message) })

  const add = (chat: Conversation, message: Message): Message => {
    chat.messages.push(message)
    owners.set(message.id, { chat, message })
    tell(chat, message)
    return message
  }

  const change = (id: string, apply: (message: Message) => void): Message | undefined => {
    const owner = owners.get(id)
    if (!owner) return undefined
    apply(owner.message)
    tell(owner.chat, owner.message)
    return owner.message
  }

  return {
    open,
    find,
    list: (): Conversation[] => [...chats.values()],
    message: (id: string): Message | undefined => owners.get(id)?.message,

    outgoing: ({ id = randomUUID(), contact, subject = null, content = null, attachments = [] }: Draft): Message =>
      add(open(contact), { ...blank(id), direction: 'outgoing', subject, content, attachments: [...attachments] }),

    /** A status may overtake the answer to the message, so `pending` never replaces one. */
    accepted: (id: string) =>
      change(id, message => {
        if (message.state === 'sending') message.state = 'pending'
      }),

    refused: (id: string, reason: string) =>
      change(id, message => {
        message.state = 'error'
        message.refusal = reason
      }),

    status: (id: string, status: Status): boolean => {
      const message = change(id, found => {
        found.state = status
        found.statuses.push(status)
      })
      if (message) feed.publish({ type: 'status', plugin, messageId: id, status })
      return message !== undefined
    },

    incoming: ({ contact, subject = null, content = null, attachments = [] }: Draft): Message => {
      const message: Message = { ...blank(randomUUID()), subject, content, attachments: [...attachments] }
      add(find(contact) ?? open(contact), message)
      feed.publish({ type: 'incoming', plugin, contact, message: structuredClone(message) })
      return message
    }
  }
}

/** Nine digits tell a number apart, with its country or without; '' for what is no number. */
const numberOf = (contact: string): string =>
  /^\+?[\d\s().-]+$/.test(contact) ? contact.replace(/\D/g, '').slice(-9).padStart(9, '0') : ''

const blank = (id: string): Message => ({
  id,
  direction: 'incoming',
  at: new Date().toISOString(),
  subject: null,
  content: null,
  attachments: [],
  state: 'pending',
  statuses: [],
  refusal: null
})
