import { html } from 'htm/preact'
import { Bubble } from 'page-kit/web/chat/bubble.ts'
import type { Progress } from 'page-kit/web/chat/ticks.ts'
import { useLoaded } from 'page-kit/web/use-loaded.ts'
import { useWords } from 'page-kit/web/words.ts'
import { ask } from '../api.ts'
import { nameIn } from '../parts/names.ts'
import { placeOf } from '../route.ts'
import type { Line, ListPage } from '../shapes.ts'

interface Props {
  registration: number
  contact: string
  /** The message in front, which is marked. */
  message: number
}

/** The lines of a chat that the host still knows, as the agent and the customer saw them. */
export function ConversationAround({ registration, contact, message }: Props) {
  const t = useWords()
  const path = `/registrations/${registration}/conversations/${encodeURIComponent(contact)}/lines?limit=30`
  const { value, problem } = useLoaded(signal => ask<ListPage<Line>>(path, { signal }), [path])
  const lines = value?.items.toReversed() ?? []
  return html`
    <section class="card" aria-labelledby="talk-title">
      <h2 id="talk-title">${t('Conversation')}</h2>
      ${problem && html`<p class="muted">${problem.message}</p>`}
      ${value && lines.length === 0 && html`<p class="muted">${t('Nothing of it is kept any more.')}</p>`}
      ${
        lines.length > 0 &&
        html`<div class="messages talk" role="log" tabindex="0" aria-label=${t('Conversation with {contact}', { contact })}>
        ${lines.map((line, index) => html`<${LineView} key=${`${line.at} ${index}`} line=${line} isCurrent=${line.message === message} />`)}
      </div>`
      }
    </section>
  `
}

function LineView({ line, isCurrent }: { line: Line; isCurrent: boolean }) {
  const t = useWords()
  const { direction, at, text, attachments, message, reason, by } = line
  // As it was written: whoever looks into a trouble wants to see the marks.
  const content = text === '' ? null : { text, format: 'text' }
  // Files of customers stay where they are: the console shows their names.
  const names = attachments.map(({ name }) => name).join(', ')
  return html`
    <${Bubble} mine=${direction === 'out'} at=${at} content=${content} attachments=${[]} state=${progressOf(line)}>
      <p class="line-note muted">
        ${names && html`<span class="text">${names}</span>`}
        <span>${nameIn(t, by)}</span>
        ${isCurrent && html`<strong>${t('this message')}</strong>`}
        ${!isCurrent && message !== null && html`<a href=${placeOf(['messages', message])}>${t('Message {id}', { id: message })}</a>`}
        ${reason && html`<span class="bad text">${reason}</span>`}
      </p>
    </${Bubble}>
  `
}

const STATUSES = new Set(['sent', 'delivered', 'read', 'error'])

function progressOf({ status, state }: Line): Progress {
  if (state === 'failed') return 'error'
  if (status !== null && STATUSES.has(status)) return status as Progress
  return state === 'accepted' ? 'sent' : 'pending'
}
