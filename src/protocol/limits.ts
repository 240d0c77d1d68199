import type { Format } from 'channel-kit/chat'
import { MOST } from 'channel-kit/limits'

/**
 * The greatest lengths, in UTF-16 units, and counts of what comes from outside. A message has the same either way.
 * docs/limits.md says what happens beyond.
 */
export const LIMITS = {
  id: MOST.id,
  contact: MOST.contact,
  subject: 998,
  name: MOST.name,
  uri: MOST.uri,
  attachments: MOST.attachments,
  /** A text of one line in a form. */
  line: 2_048,
  /** A text of several lines, in a form or a message. */
  text: MOST.text,
  html: MOST.html,
  secret: 16_384,
  /** Chosen in one list. */
  choices: 500,
  /** JSON within JSON. */
  depth: 32,
  /** Of a body that is no file, in bytes. */
  body: 4 * 1024 * 1024,
  /** Of all that an admin saves, in bytes. */
  settings: 256 * 1024,
  /** Fields of a query or a web form. */
  parameters: 500
} as const

export const longestText = (format: Format): number => (format === 'html' ? LIMITS.html : LIMITS.text)
