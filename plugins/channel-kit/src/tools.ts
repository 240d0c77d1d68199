import type { Static, TObject } from 'typebox'

/** `{name}` in a message is replaced by the parameter of that name. */
export type Translate = (
  category: string,
  message: string,
  params?: Readonly<Record<string, string | number>>
) => string

export interface Log {
  info(details: object, message: string): void
  warn(details: object, message: string): void
  error(details: object, message: string): void
}

/** What the host lends a channel for one call. A channel reaches for nothing else. */
export interface Tools<Settings = Static<TObject>, Options = Static<TObject>> {
  settings: Settings
  options: Options
  /** Times out with `signal`, refuses private addresses, follows no redirect. */
  fetch: typeof globalThis.fetch
  signal: AbortSignal
  now: () => Date
  log: Log
  translate: Translate
  /** Keeps a copy of a file for the CRM to fetch. Errors: the storage's own. */
  upload: (name: string, bytes: AsyncIterable<Uint8Array>) => Promise<string>
  /** Where this registration's gateway must call. */
  webhookUrl: string
  /** The account's notes, see `NoteEvent`. */
  notes: Readonly<Record<string, Note>>
}

/** What the host keeps of the account for the channel. */
export interface Note {
  value: unknown
  at: Date
}
