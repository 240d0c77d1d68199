import type { Content } from 'channel-kit/chat'
import { cutText } from '../protocol/cut-text.ts'

/** A line of a chat as the feed tells it: without the addresses of its files, since an address may let everybody in. */

/** The longest text of an event. The CRM gets all of it; a reader of the feed is to know what it is about. */
const MAX_TOLD_TEXT = 4_000
/** Files that an event names; the others are counted. */
const MAX_TOLD_FILES = 10

interface Line {
  subject: string | null
  content: Content | null
  attachments: readonly { type: string; name: string }[]
}

export const lineFacts = ({ subject, content, attachments }: Line) => ({
  ...(subject === null ? {} : { subject }),
  ...(content === null
    ? {}
    : {
        text: cutText(content.text, MAX_TOLD_TEXT)[0],
        format: content.format,
        isCut: content.text.length > MAX_TOLD_TEXT
      }),
  attachments: attachments.slice(0, MAX_TOLD_FILES).map(({ type, name }) => ({ type, name })),
  attachmentCount: attachments.length
})
