import { html } from 'htm/preact'
import type { ComponentChildren } from 'preact'
import { Html, Markdown } from '../markdown.ts'
import { useWords } from '../words.ts'
import { type Attachment, AttachmentView } from './attachment.ts'
import { type Progress, Ticks } from './ticks.ts'

interface Content {
  text: string
  format: string
}

interface BubbleProps {
  /** Written by the business: on the right, with its ticks. */
  mine: boolean
  /** ISO 8601. */
  at: string
  subject?: string | null
  content: Content | null
  attachments: readonly Attachment[]
  /** How far a message of the business got. */
  state?: Progress
  /** Below the bubble. */
  children?: ComponentChildren
}

/** A line of a chat. */
export function Bubble({ mine, at, subject = null, content, attachments, state, children }: BubbleProps) {
  const t = useWords()
  return html`
    <article class=${`message ${mine ? 'mine' : 'theirs'}`} aria-label=${mine ? t('You wrote') : t('They wrote')}>
      <div class="bubble">
        ${subject && html`<p class="subject">${subject}</p>`}
        ${content && html`<div class="text"><${Text} ...${content} /></div>`}
        ${attachments.map(attachment => html`<${AttachmentView} key=${attachment.uri} ...${attachment} />`)}
        <p class="meta">
          <time datetime=${at}>${new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })}</time>
          ${mine && state && html`<${Ticks} state=${state} />`}
        </p>
      </div>
      ${children}
    </article>
  `
}

function Text({ text, format }: Content) {
  if (format === 'markdown') return html`<${Markdown} text=${text} />`
  if (format === 'html') return html`<${Html} text=${text} />`
  return html`<p class="plain-text">${text}</p>`
}
