import type { WebhookRequest } from 'channel-kit/channel'
import type { GatewayEvent } from 'channel-kit/event'

/** A call of a gateway as the bytes that are sealed: the length of its head, the head as JSON, the body. */

export interface RawCall {
  request: WebhookRequest
  /** Contacts that its events named, so that `erase` finds it however its gateway writes them. */
  contacts: readonly string[]
}

/** Headers that open doors, and that no channel's `receive` needs: `verify` has seen them. */
const DOORS = new Set(['authorization', 'proxy-authorization', 'cookie'])

const LENGTH_BYTES = 4

export function packCall({ method, query, headers, body }: WebhookRequest, events: readonly GatewayEvent[]): Buffer {
  const kept = Object.fromEntries(Object.entries(headers).filter(([name]) => !DOORS.has(name.toLowerCase())))
  const contacts = [...new Set(events.flatMap(contactsOf))]
  const head = Buffer.from(JSON.stringify({ method, query, headers: kept, contacts }))
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeUInt32BE(head.length)
  return Buffer.concat([length, head, body])
}

export function unpackCall(bytes: Buffer): RawCall {
  const end = LENGTH_BYTES + bytes.readUInt32BE(0)
  const { contacts, ...rest } = JSON.parse(bytes.toString('utf8', LENGTH_BYTES, end))
  return { request: { ...rest, body: bytes.subarray(end) }, contacts }
}

function contactsOf(event: GatewayEvent): string[] {
  switch (event.kind) {
    case 'message':
    case 'answer':
    case 'consent':
      return [event.contact]
    case 'renamed':
      return [event.from, event.to]
    case 'either':
      return event.statuses.flatMap(({ contact }) => contact ?? [])
    case 'status':
      return event.contact === undefined ? [] : [event.contact]
    case 'note':
    case 'template':
    case 'quality':
      return []
  }
}

/** A letter or digit: a name that has one beside it is a piece of another. */
const WORD = /[\p{L}\p{N}]/u

/** Says whether a call names a contact by any of these names: in its events, or anywhere in its body, headers or query. */
export function namesContact({ request, contacts }: RawCall, names: readonly string[]): boolean {
  if (contacts.some(contact => names.includes(contact))) return true
  const { query, headers, body } = request
  const written = [body.toString(), JSON.stringify({ query, headers })].map(text => text.toLowerCase())
  const texts = [...written, ...written.filter(text => text.includes('%')).map(unescaped)]
  return names.some(name => texts.some(text => hasWord(text, name.toLowerCase())))
}

/** A form's or an address's own way to write: `%40` is `@`. What is no escape stays. */
const unescaped = (text: string) =>
  text.replace(/%([0-7][0-9a-f])/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))

/** As a word: the contact `12` is not named by `3123`. */
function hasWord(text: string, word: string): boolean {
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    const [before = '', after = ''] = [text[at - 1], text[at + word.length]]
    if (!WORD.test(before) && !WORD.test(after)) return true
  }
  return false
}

/** Longest error that is shown. */
const MOST_WORDS = 200

/** The error of a reader, without its quotes of what people wrote and without numbers that may be theirs. */
export const withoutQuotes = (text: string): string =>
  text
    .replace(/"[^"]*"?|`[^`]*`?|«[^»]*»?|(?<![\p{L}\p{N}])'[^']*'?/gu, '…')
    // Word by word: one pattern around the sign would take a time that grows with the square of the length.
    .replace(/\S+/g, word => (word.includes('@') ? '…' : word))
    .replace(/\d{5,}/g, '…')
    .slice(0, MOST_WORDS)
    .toWellFormed()
