import MarkdownIt from 'markdown-it'

/**
 * Markdown as HTML, in time linear in its length: an agent writes it, and what
 * looks for the end of an emphasis from each of its beginnings would take
 * seconds for a text that was made to harm.
 */

type Parser = InstanceType<typeof MarkdownIt>

const PARSERS = { kept: parser(true), escaped: parser(false) }

/** GitHub's Markdown, in which a line's end is one. `html`: whether tags in it are `kept`, or `escaped` and so text. */
export const markdownHtml = (markdown: string, { html }: { html: 'kept' | 'escaped' }): string =>
  PARSERS[html].render(markdown)

function parser(html: boolean): Parser {
  const made = new MarkdownIt({ breaks: true, linkify: true, html })
  // A word with a dot, such as a file's name, is no address.
  made.linkify.set({ fuzzyLink: false })
  made.core.ruler.push('tasks', ({ tokens }) => {
    for (const index of tokens.keys()) showTask(tokens, index)
  })
  return made
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
