import { html } from 'htm/preact'
import { useWords, type Words } from 'page-kit/web/words.ts'

/** Times as people say them; the exact one is in the title. */

const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** Length of a time. */
export function durationIn(t: Words, ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000))
  if (seconds < MINUTE) return t('{n} s', { n: seconds })
  if (seconds < HOUR) return t('{n} min', { n: Math.round(seconds / MINUTE) })
  if (seconds < 2 * DAY) return t('{n} h', { n: Math.round(seconds / HOUR) })
  return t('{n} days', { n: Math.round(seconds / DAY) })
}

export function shortTime(at: string): string {
  const time = new Date(at)
  const clock = time.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' })
  if (time.toDateString() === new Date().toDateString()) return clock
  return `${time.toLocaleDateString([], { year: 'numeric', month: '2-digit', day: '2-digit' })} ${clock}`
}

/** A point in time; nothing for none. */
export function When({ at }: { at: string | null }) {
  if (at === null) return html`<span class="muted">–</span>`
  return html`<time datetime=${at} title=${new Date(at).toString()}>${shortTime(at)}</time>`
}

/** The age of what happened. */
export function Ago({ at }: { at: string | null }) {
  const t = useWords()
  if (at === null) return html`<span class="muted">–</span>`
  const age = Date.now() - new Date(at).getTime()
  return html`<time datetime=${at} title=${new Date(at).toString()}>${t('{time} ago', { time: durationIn(t, age) })}</time>`
}
