import MarkdownIt from 'markdown-it'
import { offloaded } from './offload.ts'

/**
 * Markdown as HTML, in time linear in its length: an agent writes it, and what
 * looks for the end of an emphasis from each of its beginnings would take
 * seconds for a text that was made to harm.
 */

type Parser = InstanceType<typeof MarkdownIt>

const PARSERS = { kept: parser(true), escaped: parser(false) }

/** GitHub's Markdown, in which a line's end is one. `html`: whether tags in it are `kept`, or `escaped` and so text. */
export const markdownHtml = offloaded(import.meta.url, renderMarkdown)

export function renderMarkdown(markdown: string, { html }: { html: 'kept' | 'escaped' }): string {
  return PARSERS[html].render(markdown)
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
  return made
}

/** A tag by a name of HTML, whose attributes have values; `checked` and its like are ours alone. */
const TAG =
  /<(?!\/?(?:a|abbr|address|article|aside|b|big|blockquote|br|center|cite|code|col|dd|del|details|dfn|div|dl|dt|em|figure|figcaption|font|footer|h[1-6]|head|header|hr|html|body|i|img|input|ins|kbd|li|link|main|mark|meta|nav|ol|p|pre|q|s|samp|script|section|small|span|strike|strong|style|sub|summary|sup|table|tbody|td|template|tfoot|th|thead|title|tr|tt|u|ul|var|wbr|noscript)(?:\s+(?:[\w:-]{1,40}\s{0,9}=|(?:disabled|checked)[\s>])|\s{0,9}\/?>)|!--)/gi

/** What stands in angles and is none was meant as it stands there, such as an article's number. */
const knownTags = (html: string): string => {
  const text = html.replace(TAG, '&lt;')
  return text.startsWith('&lt;') && !text.includes('<') ? text.replaceAll('>', '&gt;') : text
}

type Token = Parameters<Parser['renderer']['render']>[0][number]

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
