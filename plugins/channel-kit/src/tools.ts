import type { Static, TObject } from 'typebox'
import type { Attachment, Content } from './chat.ts'

/** `{name}` in a message is replaced by the parameter of that name. */
export type Translate = (
  category: string,
  message: string,
  params?: Readonly<Record<string, string | number>>
) => string

/** `media`: a file is expected, which comes as a stream of at most 128 MiB. Read its `body` piece by piece. */
export interface Media {
  media?: boolean
}

export type Fetch = (input: string | URL | Request, init?: RequestInit & Media) => Promise<Response>

export interface Log {
  info(details: object, message: string): void
  warn(details: object, message: string): void
  error(details: object, message: string): void
}

/** A file that is no larger in memory than what is being read of it. */
export interface Spooled extends AsyncDisposable {
  blob: Blob
}

/** Tools that the host lends a channel for one call. A channel reaches for nothing else. */
export interface Tools<Settings = Static<TObject>, Options = Static<TObject>> {
  settings: Settings
  options: Options
  /**
   * Times out with `signal`, refuses private addresses and packed answers, follows no redirect. An answer is read
   * whole, at most 1 MiB of it, but for `media`; a longer one rejects.
   */
  fetch: Fetch
  signal: AbortSignal
  now: () => Date
  log: Log
  translate: Translate
  /** Keeps a copy of a file for the CRM to fetch. Errors: the storage's own. */
  upload: (name: string, bytes: AsyncIterable<Uint8Array>) => Promise<string>
  /**
   * Keeps a file on the disk until it is disposed of (`await using file = await tools.spool(body)`): hand `file.blob` on
   * in a form. Errors: that the account has more than 512 MiB on their way, or that the disk is nearly full.
   */
  spool: (bytes: AsyncIterable<Uint8Array>) => Promise<Spooled>
  /** Where this registration's gateway must call. */
  webhookUrl: string
  /** The account's notes, see `NoteEvent`. */
  notes: Readonly<Record<string, Note>>
  /** Recalls earlier messages of conversations, in the order asked; all messages that a call needs are asked for at once. */
  recall: Recall
}

/** Undefined: there is no such message in the conversation of this contact, or not any more. */
export type Recall = (asked: readonly Asked[]) => Promise<readonly (Recalled | undefined)[]>

export interface Asked {
  contact: string
  /** The gateway's id of the message, or of a part of it. */
  ref: string
}

export interface Recalled {
  from: 'contact' | 'us'
  content: Content | null
  /** The part with the asked `ref`, of a message that was sent in several parts: its number, and how many there are. */
  part?: { number: number; of: number }
  /** Files that are still being fetched have no address yet. */
  attachments: readonly Pick<Attachment, 'name' | 'type'>[]
}

/** A note about the account, which the host keeps for the channel. */
export interface Note {
  value: unknown
  at: Date
}
