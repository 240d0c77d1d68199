import { shortened } from 'channel-kit/limits'

/** A text as the database takes it: without NUL and half characters. For what others wrote, such as a gateway's error. */
export const sanitize = (text: string): string => text.replaceAll('\0', '').toWellFormed()

/** An error's text is cut to this length. */
const MAX_ERROR_LENGTH = 2_000

/** The text of a value that a library or a channel threw: it need not be an error, nor its message a text, nor can it always be read. */
export function wordsOf(thrown: unknown): string {
  try {
    return shortened(said(thrown), MAX_ERROR_LENGTH)
  } catch {
    return 'nothing that can be told'
  }
}

function said(thrown: unknown): string {
  // `fetch failed` says nothing; its cause does.
  if (
    thrown instanceof Error &&
    thrown.message === 'fetch failed' &&
    thrown.cause instanceof Error &&
    thrown.cause.message
  )
    return said(thrown.cause)
  const message = thrown instanceof Error ? (thrown.message as unknown) : thrown
  return sanitize(typeof message === 'string' ? message : (JSON.stringify(message) ?? 'nothing that can be told'))
}

/** JSON of what others made, as the database takes it: the same, said of a text anywhere in it. Without it one message would stop all. */
export const sanitizeJson = (value: unknown): string =>
  // Such characters are always written as escapes, and a pair of backslashes is none.
  JSON.stringify(value).replace(/\\(u0000|ud[89a-f][\da-f]{2}|.)/g, (whole: string, which: string) => {
    if (which === 'u0000') return ''
    return which.startsWith('ud') ? '\ufffd' : whole
  })
