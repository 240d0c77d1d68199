import type { Attachment } from 'channel-kit/chat'
import type { Media } from 'channel-kit/event'
import type { Json } from 'channel-kit/json'
import type { Translate } from 'channel-kit/tools'
import type { Incoming } from '../settings.ts'

/** The content of a customer's message, in the words of the chat. */
export interface Said {
  kind: 'said'
  /** Text of the message; of a reply, without the lines that `preface.ts` puts above. May be ''. */
  text: string
  attachments: readonly (Attachment | Media)[]
  /** WhatsApp does not count it as writing: it does not open the 24-hour window. */
  aside?: boolean
}

/** Not a line of a chat; `why` is what the log counts. */
export interface Skipped {
  kind: 'skipped'
  why: string
}

/** How a chat is told of a message, as the admin wants it. */
export interface Manner {
  incoming: Incoming
  translate: Translate
  /** The message that this one is about, in a line; '' when nobody knows it any more. */
  quote: string
  /** The business itself wrote it, on its phone. */
  echo?: boolean
}

/** Reads the body of one type of messages: what stands under the type's name. */
export type Reader = (body: Json, manner: Manner, message: Json) => Said | Skipped

export const said = (text: string, attachments: Said['attachments'] = []): Said => ({ kind: 'said', text, attachments })

export const skipped = (why: string): Skipped => ({ kind: 'skipped', why })

export const lines = (...all: readonly string[]) =>
  all
    .map(line => line.trim())
    .filter(Boolean)
    .join('\n')
