import type { Content } from 'channel-kit/chat'
import { writeHtml } from './html.ts'
import { writeMarkdown } from './markdown.ts'
import { writer } from './writer.ts'

/** A text of the CRM as WhatsApp shows it; '' when nothing is left to show. */
export const shown = (content: Content): string => written(content, false)

/** For parameters of templates and for commands, where a marker would be a character. */
export const unmarked = (content: Content): string => written(content, true)

function written({ text, format }: Content, plain: boolean): string {
  const lines = text.replace(/\r\n?/g, '\n')
  if (format === 'text') return lines.trim()
  const out = writer({ plain })
  if (format === 'html') writeHtml(lines, out)
  else writeMarkdown(lines, out)
  return out.end()
}
