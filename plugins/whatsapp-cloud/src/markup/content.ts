import type { Content } from 'channel-kit/chat'
import { text as textOf } from 'channel-kit/json'
import { offloaded } from 'channel-kit/offload'
import { writeHtml } from './html.ts'
import { writeMarkdown } from './markdown.ts'
import { writer } from './writer.ts'

/** The content without half characters and NUL, which WhatsApp refuses and nobody could read. */
export const legible = (content: Content | null): Content | null =>
  content && { ...content, text: textOf(content.text) }

/** A text of the CRM as WhatsApp shows it; '' when nothing is left to show. */
export const shown = ({ text, format }: Content): Promise<string> => writtenAside(text, format, false)

/** For parameters of templates and for commands, where a marker would be a character. */
export const unmarked = ({ text, format }: Content): Promise<string> => writtenAside(text, format, true)

const writtenAside = offloaded(import.meta.url, written)

export function written(text: string, format: Content['format'], plain: boolean): string {
  const lines = text.replace(/\r\n?/g, '\n')
  if (format === 'text') return lines.trim()
  const out = writer({ plain })
  if (format === 'html') writeHtml(lines, out)
  else writeMarkdown(lines, out)
  return out.end()
}
