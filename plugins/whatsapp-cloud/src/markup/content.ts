import type { Content } from 'channel-kit/chat'
import { marked } from 'marked'
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
const htmlOf = (markdown: string) => marked.parse(markdown, { async: false, breaks: true, gfm: true })

const withPlainLines = (text: string) => text.replace(/\r\n?/g, '\n').trim()
