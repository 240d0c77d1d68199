import { type TSchema, Type } from 'typebox'

/**
 * The most that the host takes of what a channel answers. Lengths of texts are in
 * characters as JavaScript counts them. (TypeBox's `maxLength` counts what a
 * reader would call characters, of which one may be endless.)
 */
export const MOST = {
  /** Ids and refs. */
  id: 512,
  contact: 320,
  /** Names of files, lots and reports; a subject, too. */
  name: 255,
  /** Names of notes. */
  note: 768,
  reason: 2_000,
  /** A word of a channel's own. */
  word: 64,
  text: 65_536,
  html: 524_288,
  uri: 8_192,
  /** Attachments of a message for the CRM. A message with more becomes several. */
  attachments: 50,
  /** Attachments of a message as a channel reports it. */
  reportedAttachments: 1_000,
  /** Bytes of JSON that only the channel itself understands: context, memory, progress, media, notes, cursors, items and keys of lots. */
  json: 262_144,
  /** Events, and parts, of one answer. */
  events: 10_000,
  parts: 10_000,
  /** Bytes of the body that a webhook is answered with. */
  reply: 1_048_576,
  headers: 50,
  /** Other accounts that one call of a webhook is about. */
  accounts: 20,
  /** Reasons why one call of a webhook had things that became no event, and characters of each. */
  reasons: 50,
  skipReason: 200
} as const

/** A text of so many characters, and of at least so many. */
export const text = (most: number, least = 0) =>
  Type.Refine(
    Type.Refine(
      Type.String(),
      value => value.length <= most,
      () => `has more than ${most} characters`
    ),
    value => value.length >= least,
    () => 'is empty'
  )

/** JSON that only the channel itself understands. */
export const opaque = (most: number = MOST.json) =>
  Type.Refine(
    Type.Unknown(),
    value => Buffer.byteLength(JSON.stringify(value) ?? '') <= most,
    () => `is more than ${most} bytes of JSON`
  )

export const list = <Item extends TSchema>(item: Item, most: number) =>
  Type.Refine(
    Type.Array(item),
    value => value.length <= most,
    () => `has more than ${most} members`
  )

export const word = <const Words extends readonly string[]>(words: Words) => Type.String({ enum: [...words] })

/** A short text that is stored and shown as it is: nothing in it that a database or a reader would stumble over. */
export const StoredWord = Type.Refine(
  text(MOST.word, 1),
  value => value.isWellFormed() && !/\p{Cc}/u.test(value),
  () => 'has characters that are no text'
)

export const Id = text(MOST.id, 1)
export const Contact = text(MOST.contact, 1)
export const Reason = text(MOST.reason)
/** Ten years: what is further away is no time that a gateway means, and at some point no date any more. */
export const Milliseconds = Type.Number({ minimum: 0, maximum: 3_660 * 86_400_000 })
export const PartNumber = Type.Integer({ minimum: 0, maximum: MOST.parts - 1 })

/** For display: what is longer ends with a mark that says so. */
export const shortened = (value: string, most: number): string =>
  value.length > most ? `${value.slice(0, most - 1).toWellFormed()}…` : value
