import type { Format } from 'channel-kit/chat'
import { MOST } from 'channel-kit/limits'

/**
 * The greatest lengths, in UTF-16 units, and counts of input. A message has the same limits in both directions.
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
  /** A body that is no file, in bytes. */
  body: 4 * 1024 * 1024,
  /** All settings that an admin saves, in bytes. */
  settings: 256 * 1024,
  /** Fields of a query or a web form. */
  parameters: 500
} as const

export const longestText = (format: Format): number => (format === 'html' ? LIMITS.html : LIMITS.text)

const [QUOTE, BACKSLASH] = [34, 92]
const OPENING: ReadonlySet<number> = new Set([91, 123])
const CLOSING: ReadonlySet<number> = new Set([93, 125])

/** Tells that JSON is nested deeper than LIMITS.depth, since later code walks it by recursion. The JSON need not be valid. */
export function isTooDeep(json: string): boolean {
  let [depth, inText] = [0, false]
  for (let at = 0; at < json.length; at += 1) {
    const code = json.charCodeAt(at)
    if (inText && code === BACKSLASH) at += 1
    else if (code === QUOTE) inText = !inText
    else if (!inText && OPENING.has(code)) depth += 1
    else if (!inText && CLOSING.has(code)) depth -= 1
    if (depth > LIMITS.depth) return true
  }
  return false
}

/** Most characters of a stranger's value that an answer or a log repeats. */
const MAX_QUOTED = 200

/** A stranger's value for an answer or a log: a text as it is, anything else as JSON, cut to 200 characters. */
export function quoted(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing')
  if (text.length <= MAX_QUOTED) return text.toWellFormed()
  const half = /[\ud800-\udbff]$/.test(text.slice(0, MAX_QUOTED - 1))
  return `${text.slice(0, MAX_QUOTED - 1 - Number(half))}…`.toWellFormed()
}
