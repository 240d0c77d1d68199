import { html } from 'htm/preact'
import { label, useWords } from 'page-kit/web/words.ts'

/** States in the words of people, and how they look. */
const STATES: Readonly<Record<string, { words: string; look: 'good' | 'bad' | 'warn' | 'plain' }>> = {
  waiting: { words: label('waiting'), look: 'plain' },
  sending: { words: label('sending'), look: 'plain' },
  gathered: { words: label('in a lot'), look: 'plain' },
  accepted: { words: label('accepted'), look: 'good' },
  failed: { words: label('failed'), look: 'bad' },
  sent: { words: label('sent'), look: 'good' },
  delivered: { words: label('delivered'), look: 'good' },
  read: { words: label('read'), look: 'good' },
  error: { words: label('error'), look: 'bad' },
  stopped: { words: label('stopped'), look: 'warn' },
  parked: { words: label('parked'), look: 'bad' },
  running: { words: label('running'), look: 'plain' },
  done: { words: label('done'), look: 'good' },
  cancelled: { words: label('cancelled'), look: 'warn' },
  collecting: { words: label('collecting'), look: 'plain' },
  unknown: { words: label('unknown'), look: 'warn' },
  paused: { words: label('paused'), look: 'warn' },
  incomplete: { words: label('settings incomplete'), look: 'bad' },
  archived: { words: label('archived'), look: 'plain' },
  ready: { words: label('ready'), look: 'good' }
}

/** A state that nobody has put into words is shown as the API has it. */
export function StateBadge({ state }: { state: string }) {
  const t = useWords()
  const known = Object.hasOwn(STATES, state) ? STATES[state] : undefined
  return html`<span class=${`badge ${known?.look ?? 'plain'}`} data-state=${state}>${known ? t(known.words) : state}</span>`
}
