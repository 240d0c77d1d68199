import MarkdownIt from 'markdown-it'
import { offloaded } from './offload.ts'

/**
 * Markdown as HTML, in time linear in its length: an agent writes it, and what
 * looks for the end of an emphasis from each of its beginnings would take
 * seconds for a text that was made to harm.
 */

type Parser = InstanceType<typeof MarkdownIt>

const PARSERS = { kept: parser(true), escaped: parser(false) }

interface Manner {
  /** Tags in the text are `kept`, or `escaped` and so text. */
  html: 'kept' | 'escaped'
  /**
   * For who writes no lists, but what was typed: items say in `data-mark` how they were marked, such as `+` or `5)`, and
   * what has no empty line between it and a list says so in `data-before` and `data-after`.
   */
  marks?: boolean
}

/** GitHub's Markdown, in which a line's end is one. */
export const markdownHtml = offloaded(import.meta.url, renderMarkdown)

export function renderMarkdown(markdown: string, { html, marks = false }: Manner): string {
  return PARSERS[html].render(markdown, { marks })
}

function parser(html: boolean): Parser {
  const made = new MarkdownIt({ breaks: true, linkify: true, html })
  // A word with a dot, such as a file's name, is no address.
  made.linkify.set({ fuzzyLink: false })
  // In front of what reads emphasis: `120*60*75` is a size and no emphasis.
  made.inline.ruler.before('emphasis', 'words', state => {
    if (!Object.hasOwn(state, 'scanDelims')) {
      const scan = state.scanDelims.bind(state)
      state.scanDelims = start => scan(start, false)
    }
    return false
  })
  for (const rule of ['html_inline', 'html_block'] as const)
    made.renderer.rules[rule] = (tokens, index) => knownTags(tokens[index]?.content ?? '')
  made.core.ruler.push('tasks', ({ tokens }) => {
    for (const index of tokens.keys()) showTask(tokens, index)
  })
  made.core.ruler.push('marks', ({ tokens, env, src }) => {
    if ((env as { marks?: boolean }).marks === true) markLists(tokens, src.split('\n'))
  })
  return made
}

/** A tag by a name of HTML, whose attributes have values; `checked` and its like are ours alone. */
const TAG =
  /<(?!\/?(?:a|abbr|address|article|aside|b|big|blockquote|br|center|cite|code|col|dd|del|details|dfn|div|dl|dt|em|figure|figcaption|font|footer|h[1-6]|head|header|hr|html|body|i|img|input|ins|kbd|li|link|main|mark|meta|nav|ol|p|pre|q|s|samp|script|section|small|span|strike|strong|style|sub|summary|sup|table|tbody|td|template|tfoot|th|thead|title|tr|tt|u|ul|var|wbr|noscript)(?:\s+(?:[\w:-]{1,40}\s{0,9}=|(?:disabled|checked)[\s>])|\s{0,9}\/?>)|!--)/gi

/** Escapes text in angle brackets that is no known tag, such as an article's number, since it was meant as text. */
const knownTags = (html: string): string => {
  const text = html.replace(TAG, '&lt;')
  return text.startsWith('&lt;') && !text.includes('<') ? text.replaceAll('>', '&gt;') : text
}

type Token = Parameters<Parser['renderer']['render']>[0][number]

function markLists(tokens: readonly Token[], lines: readonly string[]): void {
  let previous: Token | undefined
  for (const token of tokens) {
    if (token.type === 'list_item_open') token.attrSet('data-mark', `${token.info}${token.markup}`)
    if (token.level > 0 || token.nesting < 0) continue
    if (/_list_open$/.test(token.type) && lines[(token.map?.[0] ?? 0) - 1]?.trim()) {
      token.attrSet('data-before', 'line')
      previous?.attrSet('data-after', 'line')
    }
    previous = token
  }
}

const TASK = /^\[([ xX])\] /

/** An item that begins with `[ ]` or `[x]` is a task. */
function showTask(tokens: readonly Token[], index: number): void {
  const [item, paragraph, inline] = tokens.slice(index, index + 3)
  const [first] = inline?.children ?? []
  if (item?.type !== 'list_item_open' || paragraph?.type !== 'paragraph_open' || first?.type !== 'text') return
  const [mark, state] = TASK.exec(first.content) ?? []
  if (mark === undefined) return
  const box = Object.assign(Object.create(Object.getPrototypeOf(first)), first, {
    type: 'html_inline',
    content: `<input type="checkbox" disabled${state === ' ' ? '' : ' checked'}> `
  })
  first.content = first.content.slice(mark.length)
  inline?.children?.unshift(box)
}
