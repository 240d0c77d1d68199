import {
  ATTACHMENT_TYPES,
  type Attachment,
  type ChatMessage,
  type Content,
  FORMATS,
  type Format
} from 'channel-kit/chat'

/** A message that the CRM wants sent. Both ids may be null: the CRM then hears no statuses of it. */
export interface Posted extends ChatMessage {
  chatId: string | null
  crmId: string | null
}

/** The texts of the reference, to the letter. Source: docs/protocol.md, "Sending". */
const GENERIC = 'Can not parse chat & message data'
const BLANK = 'Message text should not be empty'
const EMPTY = 'Message should contain content or attachmetns'

type Json = Readonly<Record<string, unknown>>

/** Reads the claim `body`, or says why it cannot be a message: content first, then attachments, then the ids. */
export function readPosted(body: Json): Posted | string {
  const message = object(body.message)
  const content = readContent(message.content)
  if (typeof content === 'string') return content
  const attachments = readAttachments(message.attachments)
  if (typeof attachments === 'string') return attachments
  if (!content && attachments.length === 0) return EMPTY

  const chat = object(body.chat)
  const contact = key(chat.contact)
  const subject = nullable(chat.subject, text)
  const [chatId, crmId] = [nullable(chat.id, key), nullable(message.id, key)]
  if (!contact || subject === undefined || chatId === undefined || crmId === undefined) return GENERIC
  return { chatId, crmId, contact, subject, content, attachments }
}

/** What is no object has no fields: the reference takes it for empty. */
const object = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {}

/** Most characters of an id or a contact, which are keys in the database. */
const LONGEST = 512

/** Ids, contacts and subjects may come as numbers. None may hold NUL, which no text of the database takes. */
function text(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' && !value.includes('\0') ? value : undefined
}

function key(value: unknown): string | undefined {
  const read = text(value)
  return read !== undefined && read.length <= LONGEST ? read : undefined
}

const nullable = (value: unknown, read: typeof text) => (value === undefined || value === null ? null : read(value))

function readContent(value: unknown): Content | null | string {
  if (!value || (typeof value === 'object' && Object.keys(value).length === 0)) return null
  const { text: raw, format } = object(value)
  if (typeof raw !== 'string' && typeof raw !== 'number') return GENERIC
  if (typeof format !== 'string' && typeof format !== 'number') return GENERIC

  // Only these are trimmed by the reference; a no-break space is a text.
  const trimmed = String(raw).replace(/^[ \t\n\r\0\v]+|[ \t\n\r\0\v]+$/g, '')
  if (trimmed === '') return BLANK
  return { text: trimmed, format: FORMATS.includes(format as Format) ? (format as Format) : 'text' }
}

function readAttachments(value: unknown): readonly Attachment[] | string {
  if (value === undefined || value === null) return []
  if (typeof value !== 'object') return GENERIC
  const attachments: Attachment[] = []
  // A map of them counts as their list, as any list of PHP may come as a map.
  for (const item of Object.values(value)) {
    const { name, uri, type } = object(item)
    const known = ATTACHMENT_TYPES.find(known => known === type)
    if (typeof name !== 'string' || typeof uri !== 'string' || !known) return GENERIC
    attachments.push({ name, uri, type: known })
  }
  return attachments
}
