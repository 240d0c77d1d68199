import type { Content } from 'channel-kit/chat'
import { markdownHtml } from 'channel-kit/markdown'
import { whatsAppText } from './html.ts'

/** A text of the CRM as WhatsApp shows it; '' when nothing is left to show. */
export function shown({ text, format }: Content): string {
  if (format === 'text') return withPlainLines(text)
  return whatsAppText(format === 'html' ? text : htmlOf(text))
}

/** For parameters of templates and for commands, where a marker would be a character. */
export function unmarked({ text, format }: Content): string {
  if (format === 'text') return withPlainLines(text)
  return whatsAppText(format === 'html' ? text : htmlOf(text), { plain: true })
}

/** In a chat the end of a line is one. */
const htmlOf = (markdown: string) => markdownHtml(markdown, { html: 'kept' })

const withPlainLines = (text: string) => text.replace(/\r\n?/g, '\n').trim()
