import { decodeHTML } from 'entities'
import { type Tag, tagAt } from './tags.ts'

export type Token = { kind: 'text'; text: string } | Tag

const SILENT = ['script', 'style', 'head', 'title', 'template', 'noscript', 'iframe', 'object', 'svg', 'math']

/** HTML as texts and tags; comments, and elements that show nothing, are left out whole. */
export function tokensOf(html: string): Token[] {
  const tokens: Token[] = []
  const skip = skipper(html)
  let from = 0
  let at = html.indexOf('<')
  const text = (end: number) => {
    if (end > from) tokens.push({ kind: 'text', text: decodeHTML(html.slice(from, end)) })
  }
  while (at >= 0) {
    const tag = tagAt(html, at)
    const end = tag?.kind === 'open' && SILENT.includes(tag.name) ? skip.element(tag) : (tag?.end ?? skip.note(at))
    if (end > at) {
      text(at)
      if (tag && !SILENT.includes(tag.name)) tokens.push(tag)
      from = end
    }
    at = html.indexOf('<', Math.max(end, at + 1))
  }
  text(html.length)
  return tokens
}

/** Looks for ends, and never twice for one that is not there. */
function skipper(html: string) {
  const lower = html.replace(/[A-Z]/g, letter => letter.toLowerCase())
  const missing = new Set<string>()
  const after = (end: string, from: number) => {
    if (missing.has(end)) return -1
    const at = lower.indexOf(end, from)
    if (at < 0) missing.add(end)
    return at < 0 ? -1 : at + end.length
  }
  return {
    /** Where it goes on after an element; after its tag, if it has no end. */
    element({ name, end }: Tag): number {
      const closed = after(`</${name}`, end)
      const behind = closed < 0 ? -1 : lower.indexOf('>', closed)
      return behind < 0 ? end : behind + 1
    },
    /** Behind a comment, a doctype or an instruction; -1: there is none. */
    note(at: number): number {
      if (lower.startsWith('<!--', at)) return after('-->', at + 4)
      return lower.startsWith('<!doctype', at) || lower.startsWith('<?xml', at) ? after('>', at) : -1
    }
  }
}
