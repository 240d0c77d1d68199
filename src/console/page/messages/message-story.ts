import { html } from 'htm/preact'
import { Trouble } from 'page-kit/web/trouble.ts'
import { useLoaded } from 'page-kit/web/use-loaded.ts'
import { useWords } from 'page-kit/web/words.ts'
import { useEffect, useState } from 'preact/hooks'
import { ask } from '../api.ts'
import { ActButton } from '../parts/act-button.ts'
import { StateBadge } from '../parts/badge.ts'
import { costText } from '../parts/cost.ts'
import { nameIn } from '../parts/names.ts'
import { Facts, PageHead } from '../parts/page-head.ts'
import { When } from '../parts/when.ts'
import { placeOf } from '../route.ts'
import { useMay } from '../session.ts'
import type { Operation, WholeMessage } from '../shapes.ts'
import { ConversationAround } from './conversation-around.ts'
import { Timeline } from './timeline.ts'

/** While a message is under way, its story is read anew so often. */
const READ_AGAIN_MS = 3_000
/** After something was asked for, too. */
const AWAITED_MS = 30_000

/** A message: its facts, what happened to it, and the talk around it. */
export function MessageStory({ id }: { id: string }) {
  const t = useWords()
  const {
    value: message,
    problem,
    reload
  } = useLoaded(signal => ask<WholeMessage>(`/messages/${encodeURIComponent(id)}`, { signal }), [id])
  // Replays and cancellations are done in the background.
  const [isAwaited, setAwaited] = useState(false)
  const isUnderWay = isAwaited || (message !== undefined && !['accepted', 'failed'].includes(message.state))
  useEffect(() => {
    if (!isUnderWay) return
    const timer = setInterval(reload, READ_AGAIN_MS)
    return () => clearInterval(timer)
  }, [isUnderWay])
  useEffect(() => {
    if (!isAwaited) return
    const timer = setTimeout(() => setAwaited(false), AWAITED_MS)
    return () => clearTimeout(timer)
  }, [isAwaited])

  if (problem)
    return html`
      <${PageHead} title=${t('Message {id}', { id })} />
      <${Trouble} what=${t('The message could not be read.')} problem=${problem} onRetry=${reload} />
    `
  if (!message) return html`<p class="starting" role="status">${t('Loading…')}</p>`
  return html`
    <${PageHead}
      title=${html`${t('Message {id}', { id })} <${StateBadge} state=${message.state} />`}
      about=${message.reason && html`<span class="text">${message.reason}</span>`}
    >
      <${Actions} message=${message} onRead=${reload} onAsked=${() => setAwaited(true)} />
    </${PageHead}>
    <div class="two">
      <section class="card" aria-labelledby="story-title">
        <h2 id="story-title">${t('Story')}</h2>
        <${Timeline} story=${message.story} />
      </section>
      <section class="card" aria-labelledby="facts-title">
        <h2 id="facts-title">${t('Facts')}</h2>
        <${MessageFacts} message=${message} />
      </section>
    </div>
    <${ConversationAround} registration=${message.registration} contact=${message.contact} message=${message.id} />
  `
}

function MessageFacts({ message }: { message: WholeMessage }) {
  const t = useWords()
  const { subject, content, attachments, parts } = message
  return html`
    <${Facts}
      facts=${[
        [t('Contact'), html`<a href=${placeOf(['messages'], { q: message.contact })}>${message.contact}</a>`],
        [
          t('Registration'),
          html`<a href=${placeOf(['registrations', message.registration])}>${message.registration}</a>`
        ],
        [t('Lane'), nameIn(t, message.class)],
        [t('Id of the CRM'), message.crmId],
        [t('Client'), message.client],
        [t('Id of the client'), message.clientId],
        [t('Tag'), message.tag],
        [t('Id of the gateway'), message.ref],
        [t('Status'), message.status && t(message.status)],
        [t('Code of the gateway'), message.code],
        [t('Cost'), costText(message.cost)],
        [t('Attempts'), message.attempts],
        [t('Replays'), message.replays || null],
        [t('Accepted'), html`<${When} at=${message.acceptedAt} />`],
        [t('Due'), message.dueAt && html`<${When} at=${message.dueAt} />`],
        [t('Not before'), message.notBefore && html`<${When} at=${message.notBefore} />`],
        [t('Expires'), message.expiresAt && html`<${When} at=${message.expiresAt} />`],
        [t('Settled'), message.settledAt && html`<${When} at=${message.settledAt} />`],
        [t('Subject'), subject],
        [t('Text'), content && html`<p class="quoted" tabindex="0">${content.text}</p>`],
        [
          t('Attachments'),
          attachments.length > 0 &&
            attachments.map(({ name, uri }) => html`<p class="text">${name} <span class="muted">${uri}</span></p>`)
        ],
        [
          t('Parts'),
          parts.length > 1 &&
            html`<ol class="parts">${parts.map(({ part, ref, status, code }) => html`<li key=${part}>${part}: ${status ? t(status) : '–'} ${code} <span class="muted text">${ref}</span></li>`)}</ol>`
        ]
      ]}
    />
  `
}

interface ActionsProps {
  message: WholeMessage
  onRead: () => void
  /** Something is done to the message in the background. */
  onAsked: () => void
}

function Actions({ message, onRead, onAsked }: ActionsProps) {
  const t = useWords()
  const may = useMay('operate')
  if (!may) return null
  const ids = [message.id]
  const hasFailed = message.state === 'failed' || message.status === 'error'
  return html`
    ${
      hasFailed &&
      html`<${ActButton}
        title=${t('Send once more')}
        look="primary"
        question=${html`<p>${t('It goes to the head of its conversation, and the CRM gets its statuses anew.')}</p>`}
        act=${() => ask<{ operation: Operation | null }>('/messages/replay', { method: 'POST', body: { ids } })}
        onDone=${onAsked}
      />`
    }
    ${
      message.state === 'waiting' &&
      html`<${ActButton}
        title=${t('Cancel')}
        question=${html`<p>${t('It ends as failed, and the CRM is told so.')}</p>`}
        act=${() => ask('/messages/cancel', { method: 'POST', body: { ids } })}
        onDone=${onAsked}
      />`
    }
    <button type="button" class="button" onClick=${onRead}>${t('Read again')}</button>
  `
}
