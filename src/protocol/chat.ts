import {
  ATTACHMENT_TYPES,
  type Attachment,
  type ChatMessage,
  type Content,
  FORMATS,
  type Format
} from 'channel-kit/chat'
import { LIMITS, longestText } from './limits.ts'
import { failure, type Result, success } from './result.ts'

/** A message that the CRM wants sent. Both ids may be null: the CRM then hears no statuses of it. */
export interface Posted extends ChatMessage {
  chatId: string | null
  crmId: string | null
}

/** The texts of the reference, to the letter. Source: docs/protocol.md, "Sending". */
const GENERIC = 'Can not parse chat & message data'
const BLANK = 'Message text should not be empty'
const EMPTY = 'Message should contain content or attachmetns'

/** Refusals of fields that are not cut: the reference has no limits, and no texts for them. */
const long = (what: string, most: number) => `${what} is longer than ${most} characters`
const MANY = `Message has more than ${LIMITS.attachments} attachments`

type Json = Readonly<Record<string, unknown>>

/**
 * Reads the claim `body`, or says why it cannot be a message: content first, then attachments, then the ids. `bare`: it needs
 * neither content nor attachments, since it has a template.
 */
export function readPosted(body: Json, { bare = false } = {}): Result<Posted> {
  const message = object(body.message)
  const read = readContent(message.content)
  if (!read.ok) return read
  const listed = readAttachments(message.attachments)
  if (!listed.ok) return listed
  const [content, attachments] = [read.value, listed.value]
  if (!bare && !content && attachments.length === 0) return failure(EMPTY)

  const chat = object(body.chat)
  const contact = text(chat.contact)
  const subject = nullable(chat.subject)
  const [chatId, crmId] = [nullable(chat.id), nullable(message.id)]
  if (!contact || subject === undefined || chatId === undefined || crmId === undefined) return failure(GENERIC)
  const parts: readonly (readonly [string, string | null, number])[] = [
    ['Chat contact', contact, LIMITS.contact],
    ['Chat subject', subject, LIMITS.subject],
    ['Chat id', chatId, LIMITS.id],
    ['Message id', crmId, LIMITS.id]
  ]
  const excess = parts.find(([, value, most]) => value !== null && value.length > most)
  return excess
    ? failure(long(excess[0], excess[2]))
    : success({ chatId, crmId, contact, subject, content, attachments })
}

/** A value that is no object has no fields, as in the reference. */
const object = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {}

/** Ids, contacts and subjects may come as numbers. None may hold NUL, which no text of the database takes. */
function text(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' && !value.includes('\0') ? value : undefined
}

const nullable = (value: unknown) => (value === undefined || value === null ? null : text(value))

function readContent(value: unknown): Result<Content | null> {
  if (!value || (typeof value === 'object' && Object.keys(value).length === 0)) return success(null)
  const { text: raw, format } = object(value)
  if (typeof raw !== 'string' && typeof raw !== 'number') return failure(GENERIC)
  if (typeof format !== 'string' && typeof format !== 'number') return failure(GENERIC)

  const trimmed = trim(String(raw))
  if (trimmed === '') return failure(BLANK)
  const known = FORMATS.includes(format as Format) ? (format as Format) : 'text'
  const most = longestText(known)
  return trimmed.length > most ? failure(long('Message text', most)) : success({ text: trimmed, format: known })
}

/** Only these are trimmed by the reference; a no-break space is a text. */
const BLANKS = ' \t\n\r\0\v'

/** Trimmed by hand: a regular expression anchored at the end only starts again at each blank, which is quadratic. */
function trim(text: string): string {
  let [start, end] = [0, text.length]
  while (start < end && BLANKS.includes(text.charAt(start))) start += 1
  while (end > start && BLANKS.includes(text.charAt(end - 1))) end -= 1
  return text.slice(start, end)
}

function readAttachments(value: unknown): Result<readonly Attachment[]> {
  if (value === undefined || value === null) return success([])
  if (typeof value !== 'object') return failure(GENERIC)
  const items = Object.values(value)
  if (items.length > LIMITS.attachments) return failure(MANY)
  const attachments: Attachment[] = []
  // A map of them counts as their list, as any list of PHP may come as a map.
  for (const item of items) {
    const { name, uri, type } = object(item)
    const known = ATTACHMENT_TYPES.find(known => known === type)
    if (typeof name !== 'string' || typeof uri !== 'string' || !known) return failure(GENERIC)
    if (name.length > LIMITS.name) return failure(long('Attachment name', LIMITS.name))
    if (uri.length > LIMITS.uri) return failure(long('Attachment uri', LIMITS.uri))
    attachments.push({ name, uri, type: known })
  }
  return success(attachments)
}
