import DOMPurify from 'dompurify'
import { html } from 'htm/preact'
import { marked } from 'marked'

// Text of plugins and of people nobody vouches for: links leave the page, nothing runs, nothing is styled.
DOMPurify.addHook('afterSanitizeAttributes', node => {
  if (node.tagName !== 'A') return
  node.setAttribute('target', '_blank')
  node.setAttribute('rel', 'noopener noreferrer')
})

const clean = (dirty: string) =>
  DOMPurify.sanitize(dirty, {
    FORBID_TAGS: ['style', 'form', 'input', 'button'],
    FORBID_ATTR: ['style', 'id', 'class']
  })

/** In characters. A longer text is shown as it was written: one of 60,000 that was made to harm holds the page for 30 s. */
const LONGEST = 8_192

export function Markdown({ text, inline = false }: { text: string; inline?: boolean }) {
  if (text.length > LONGEST) return html`<div class="markdown">${text}</div>`
  const made = inline ? marked.parseInline(text, { async: false }) : marked.parse(text, { async: false, breaks: true })
  const inner = { __html: clean(made) }
  return inline
    ? html`<span class="markdown" dangerouslySetInnerHTML=${inner} />`
    : html`<div class="markdown" dangerouslySetInnerHTML=${inner} />`
}

export function Html({ text }: { text: string }) {
  return html`<div class="markdown" dangerouslySetInnerHTML=${{ __html: clean(text) }} />`
}
