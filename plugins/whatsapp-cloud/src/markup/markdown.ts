import { writeInline } from './inline.ts'
import { tableText } from './table.ts'
import { type Writer, writer } from './writer.ts'

/**
 * Markdown as people write it in a chat, line by line: what is no markup beyond
 * doubt stays as it was typed, signs and numbers of lists always.
 */
export function writeMarkdown(markdown: string, out: Writer): void {
  const lines = markdown.split('\n')
  let at = 0
  while (at < lines.length) at = blockAt(lines, at, out)
}

/** Writes what starts at a line; tells the line to go on at. */
function blockAt(lines: readonly string[], at: number, out: Writer): number {
  const line = lines[at] ?? ''
  if (!line.trim()) {
    out.quote(0)
    out.blank()
    return at + 1
  }
  const quote = /^ {0,3}(>[> ]*)(.*)$/s.exec(line)
  if (quote) {
    quoted((quote[1] ?? '').replaceAll(' ', '').length, quote[2] ?? '', out)
    return at + 1
  }
  out.quote(0)
  const fence = /^ {0,3}(```+(?!`)|~~~+(?!~))[^`]*$/.exec(line)
  if (fence) return fenced(lines, at, fence[1] ?? '', out)
  if (isTable(lines, at)) return table(lines, at, out)
  if (single(line, out)) return at + 1
  return paragraph(lines, at, out)
}

function quoted(depth: number, text: string, out: Writer) {
  out.quote(depth)
  if (!text.trim()) return out.blank()
  out.line()
  if (!single(text, out)) writeInline(text, out)
}

function fenced(lines: readonly string[], start: number, fence: string, out: Writer): number {
  let end = start + 1
  while (
    end < lines.length &&
    !(lines[end]?.trim().startsWith(fence) && !lines[end]?.trim().slice(fence.length).trim())
  )
    end += 1
  out.blank()
  out.code(lines.slice(start + 1, end).join('\n'), '```')
  out.blank()
  return end + 1
}

/** Lines that are something by themselves; false: it is none of them. */
function single(line: string, out: Writer): boolean {
  const heading = /^ {0,3}#{1,6}[ \t]+(.*)$/s.exec(line)
  if (heading) {
    out.blank()
    out.open('bold')
    writeInline(withoutHashes(heading[1] ?? ''), out)
    out.close('bold')
    out.blank()
    return true
  }
  if (/^(-{3,}|\*{3,}|_{3,})$/.test(line.replaceAll(' ', ''))) {
    out.blank()
    out.text('───')
    out.blank()
    return true
  }
  const item = ITEM.exec(line)
  if (!item) return false
  const [, indent = '', sign = '', box, text = ''] = item
  out.start(`${indent.replaceAll('\t', '  ').slice(0, 12)}${sign} `)
  if (box) out.text(box === ' ' ? '☐ ' : '☑ ')
  writeInline(text, out)
  return true
}

const ITEM = /^([ \t]*)([-*+]|\d{1,9}[.)])[ \t]+(?:\[([ xX])\] )?(.*)$/s

function withoutHashes(text: string): string {
  const whole = text.trim()
  let end = whole.length
  while (whole[end - 1] === '#') end -= 1
  return end === 0 || /\s/.test(whole[end - 1] ?? '') ? whole.slice(0, end).trim() : whole
}

/** Lines up to one that is something else; together, since bold may go on over the end of a line. */
function paragraph(lines: readonly string[], start: number, out: Writer): number {
  let end = start + 1
  while (end < lines.length && !startsBlock(lines, end)) end += 1
  out.line()
  writeInline(lines.slice(start, end).join('\n'), out)
  return end
}

function startsBlock(lines: readonly string[], at: number): boolean {
  const line = lines[at] ?? ''
  if (!line.trim() || ITEM.test(line) || isTable(lines, at)) return true
  return /^ {0,3}(>|#{1,6}[ \t]|```|~~~)/.test(line) || /^(-{3,}|\*{3,}|_{3,})$/.test(line.replaceAll(' ', ''))
}

const isTable = (lines: readonly string[], at: number) =>
  (lines[at] ?? '').includes('|') &&
  /^[|:\- \t]*$/.test(lines[at + 1] ?? '') &&
  (lines[at + 1] ?? '').includes('-') &&
  hasBar(lines[at + 1])

const hasBar = (line = '') => line.includes('|')

function table(lines: readonly string[], start: number, out: Writer): number {
  let end = start + 2
  while (hasBar(lines[end])) end += 1
  const rows = [lines[start] ?? '', ...lines.slice(start + 2, end)].map(cellsOf)
  const { text, aligned } = tableText(rows)
  out.blank()
  if (aligned) out.code(text, '```')
  else for (const line of text.split('\n')) cells(line, out)
  out.blank()
  return end
}

function cells(line: string, out: Writer) {
  out.line()
  out.text(line)
}

const cellsOf = (row: string): string[] => {
  const parts = row.trim().replace(/^\|/, '').replace(/\|$/, '').split('|')
  return parts.map(cell => {
    const own = writer({ plain: true })
    writeInline(cell.trim(), own)
    return own.end().replace(/\s+/g, ' ')
  })
}
