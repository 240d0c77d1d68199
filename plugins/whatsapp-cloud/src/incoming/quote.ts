import { type Json, record, text } from 'channel-kit/json'
import type { Recalled } from 'channel-kit/tools'
import { written } from '../markup/content.ts'
import { cut } from '../markup/cut.ts'

/** Enough to know it again. */
const LONGEST = 120
/** A quote is of a text's beginning, so that a long one is not read whole; where that shows nothing, neither does the quote. */
const LOOKED_AT = 4_096

/** The message that this one answers, reacts to or takes back; '' for none. */
export function targetOf({ type, context, reaction, revoke }: Json): string {
  if (type === 'reaction') return text(record(reaction).message_id)
  if (type === 'revoke') return text(record(revoke).original_message_id)
  return text(record(context).id)
}

/** A message in one line; '' when there is nothing to show. */
export function quoteOf({ content, attachments }: Pick<Recalled, 'content' | 'attachments'>): string {
  // The lines that stand above an answer are no part of it.
  const own = content
    ? written(content.text.slice(0, LOOKED_AT), content.format, true).replace(/^((> .*|\[.*\])\n)+/, '')
    : ''
  const files = attachments.map(({ name }) => `📎 ${name}`).join(', ')
  return cut(own.replace(/\s+/g, ' ').trim() || files, LONGEST)
}
