import { html } from 'htm/preact'
import type { Problem, Result } from 'page-kit/web/answer.ts'
import { Trouble } from 'page-kit/web/trouble.ts'
import { useWords } from 'page-kit/web/words.ts'
import { useEffect, useState } from 'preact/hooks'
import { ask, withQuery } from './api.ts'
import type { PageProps } from './page-props.ts'
import { FilterBar } from './parts/filter-bar.ts'
import { Table } from './parts/list-table.ts'
import { PageHead } from './parts/page-head.ts'
import { When } from './parts/when.ts'
import { placeOf } from './route.ts'
import { EVENT_TYPES, type FeedEvent } from './shapes.ts'

/** Events that stay on the page; older ones leave it. */
const SHOWN = 200
const WAIT_S = 25
const RETRY_MS = 3_000

/** Events as they happen, the newest first. */
export function EventsPage({ query }: PageProps) {
  const t = useWords()
  const { types, registration } = query
  const [isPaused, setPaused] = useState(false)
  const { events, problem, isFollowing } = useFeed({ types, registration }, isPaused)
  return html`
    <${PageHead} title=${t('Events')} about=${isPaused ? t('Paused.') : t('Live: new ones come by themselves.')}>
      <button type="button" class="button" aria-pressed=${isPaused} onClick=${() => setPaused(!isPaused)}>${isPaused ? t('Go on') : t('Pause')}</button>
    </${PageHead}>
    <${FilterBar}
      place=${['events']}
      query=${query}
      fields=${[
        { name: 'types', title: t('Type'), choices: EVENT_TYPES.map(value => ({ value, title: value })) },
        { name: 'registration', title: t('Registration'), kind: 'number' }
      ]}
    />
    ${problem && html`<${Trouble} what=${t('Events could not be read. It is tried again by itself.')} problem=${problem} />`}
    ${!isFollowing && !problem && html`<p class="starting" role="status">${t('Loading…')}</p>`}
    ${
      events.length === 0
        ? isFollowing &&
          html`<div class="empty" role="status"><h2>${t('Nothing has happened yet')}</h2><p>${t('This page shows what happens from now on.')}</p></div>`
        : html`<${Table}
            caption=${t('Events')}
            items=${events}
            keyOf=${({ id }: FeedEvent) => id}
            columns=${[
              { title: t('At'), cell: (event: FeedEvent) => html`<${When} at=${event.at} />` },
              { title: t('Type'), cell: (event: FeedEvent) => html`<code>${event.type}</code>` },
              {
                title: t('Registration'),
                cell: ({ registration }: FeedEvent) =>
                  registration !== null && html`<a href=${placeOf(['registrations', registration])}>${registration}</a>`
              },
              {
                title: t('Contact'),
                cell: (event: FeedEvent) => html`<span class="text">${event.contact ?? ''}</span>`
              },
              { title: t('What'), cell: (event: FeedEvent) => html`<span class="text">${gist(event)}</span>` },
              {
                title: t('Message'),
                cell: ({ message }: FeedEvent) =>
                  typeof message === 'number' && html`<a href=${placeOf(['messages', message])}>${message}</a>`
              }
            ]}
          />`
    }
  `
}

const COMMON = new Set(['id', 'at', 'type', 'registration', 'contact', 'message'])
const GIST_LENGTH = 300

/** The fields of an event that are its own, in one line. */
function gist(event: FeedEvent): string {
  const own = Object.entries(event).filter(
    ([name, value]) => !COMMON.has(name) && value !== null && value !== false && value !== 0 && `${value}` !== ''
  )
  const text = own.map(([name, value]) => `${name}: ${typeof value === 'object' ? JSON.stringify(value) : value}`)
  return text.join(', ').slice(0, GIST_LENGTH)
}

/** Follows the feed by long polls, from its end. */
function useFeed(filter: Filter, isPaused: boolean) {
  const [events, setEvents] = useState<readonly FeedEvent[]>([])
  const [problem, setProblem] = useState<Problem>()
  const [isFollowing, setFollowing] = useState(false)
  const key = JSON.stringify(filter)

  useEffect(() => setEvents([]), [key])
  useEffect(() => {
    if (isPaused) return
    const abort = new AbortController()
    const take = (result: Result<FeedAnswer>) => {
      setProblem(result.ok ? undefined : result.problem)
      if (!result.ok) return
      setFollowing(true)
      const found = result.body.events.toReversed()
      if (found.length > 0) setEvents(before => [...found, ...before].slice(0, SHOWN))
    }
    // Ends with the page.
    follow(filter, abort.signal, take).catch(() => undefined)
    return () => abort.abort()
  }, [key, isPaused])

  return { events, problem, isFollowing }
}

interface Filter {
  types: string | undefined
  registration: string | undefined
}

interface FeedAnswer {
  events: FeedEvent[]
  next: string
}

/** Rejects when it is aborted. */
async function follow(filter: Filter, signal: AbortSignal, take: (result: Result<FeedAnswer>) => void): Promise<void> {
  let after = 'latest'
  while (!signal.aborted) {
    const path = withQuery('/events', { ...filter, after, wait: after === 'latest' ? 0 : WAIT_S, limit: SHOWN })
    const result = await ask<FeedAnswer>(path, { signal })
    take(result)
    if (result.ok) after = result.body.next
    else await new Promise(resolve => setTimeout(resolve, RETRY_MS))
  }
}
