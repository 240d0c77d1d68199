import { type Json, record, text } from 'channel-kit/json'
import type { Recalled } from 'channel-kit/tools'
import { shown, written } from '../markup/content.ts'
import { cut, split } from '../markup/split.ts'

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
  return lineOf(own) || lineOf(attachments.map(fileLine).join(', '))
}

/** The same of one part of a message, as plan.ts made it: pieces of its text, and then its files, one of which may have the text. */
export async function quoteOfPart(said: Recalled): Promise<string> {
  const { part, content, attachments } = said
  const texts = (part?.of ?? 0) - attachments.length
  if (!part || texts < 0 || part.number >= part.of) return quoteOf(said)
  const file = attachments[part.number - texts]
  if (file) return texts === 0 && content && file === captionedOf(attachments) ? quoteOf(said) : lineOf(fileLine(file))
  if (part.number === 0 || !content) return quoteOf(said)
  return lineOf(split(await shown(content))[part.number] ?? '') || quoteOf(said)
}

const captionedOf = (attachments: Recalled['attachments']) => attachments.find(({ type }) => type !== 'voice')

const fileLine = ({ name }: Pick<Recalled['attachments'][number], 'name'>) => `📎 ${name}`

const lineOf = (text: string) => cut(text.replace(/\s+/g, ' ').trim(), LONGEST)
