import { html } from 'htm/preact'
import { Icon, type IconName } from 'page-kit/web/icons.ts'
import { label, useWords, type Words } from 'page-kit/web/words.ts'
import { costText } from '../parts/cost.ts'
import { durationIn, shortTime } from '../parts/when.ts'
import { placeOf } from '../route.ts'
import type { Cost, StoryEntry } from '../shapes.ts'

/** Story of a message, in order. */

type Look = 'good' | 'bad' | 'warn' | 'plain'

interface Told {
  title: string
  look: Look
  icon: IconName
}

const TOLD: Readonly<Record<string, Told>> = {
  accepted: { title: label('The host accepted it'), look: 'plain', icon: 'check' },
  returned: { title: label('The gateway gave it back, and it is sent by another way'), look: 'warn', icon: 'again' },
  noted: { title: label('The gateway reported, and it changed nothing'), look: 'plain', icon: 'clock' },
  confirmed: { title: label('A status proved that the gateway has it'), look: 'good', icon: 'check' },
  unconfirmed: { title: label('Nobody knows whether the gateway has it'), look: 'warn', icon: 'alert' },
  gathered: { title: label('It waits in a lot'), look: 'plain', icon: 'clock' },
  replayed: { title: label('It is sent once more'), look: 'warn', icon: 'again' },
  ended: { title: label('It was ended while it waited'), look: 'bad', icon: 'close' }
}

const OUTCOMES: Readonly<Record<string, Told>> = {
  accepted: { title: label('The gateway took it'), look: 'good', icon: 'send' },
  sent: { title: label('The gateway took it'), look: 'good', icon: 'send' },
  rejected: { title: label('The gateway refused it'), look: 'bad', icon: 'alert' },
  retry: { title: label('The gateway could not take it yet'), look: 'warn', icon: 'again' },
  throttled: { title: label('The gateway asked to wait'), look: 'warn', icon: 'clock' },
  unknown: { title: label('The gateway did not say whether it took it'), look: 'warn', icon: 'alert' },
  pending: { title: label('The gateway has it, and says more later'), look: 'plain', icon: 'clock' }
}

const CRM: Readonly<Record<string, Told>> = {
  delivered: { title: label('The CRM was told “{status}” and took it'), look: 'good', icon: 'arrows' },
  waiting: { title: label('The CRM is still to be told “{status}”'), look: 'plain', icon: 'arrows' },
  stopped: { title: label('The CRM refused “{status}”'), look: 'warn', icon: 'arrows' },
  parked: { title: label('The CRM did not take “{status}” for too long'), look: 'bad', icon: 'arrows' }
}

export function Timeline({ story }: { story: readonly StoryEntry[] }) {
  const t = useWords()
  return html`
    <ol class="timeline">
      ${story.map((entry, index) => {
        const { title, look, icon } = toldOf(t, entry)
        return html`
          <li key=${index} class=${look}>
            <${Icon} name=${icon} />
            <div>
              <p><strong>${title}</strong> <time class="muted" datetime=${entry.at} title=${entry.at}>${shortTime(entry.at)}</time></p>
              <${Details} entry=${entry} />
            </div>
          </li>
        `
      })}
    </ol>
  `
}

function toldOf(t: Words, entry: StoryEntry): Told {
  if (entry.kind === 'attempt') return attemptTold(t, entry)
  if (entry.kind === 'status') return statusTold(t, String(entry.status))
  if (entry.kind === 'crm') {
    const told = own(CRM, entry.state) ?? { title: '{status}', look: 'plain', icon: 'arrows' }
    return { ...told, title: t(told.title, { status: t(String(entry.status)) }) }
  }
  const told = own(TOLD, entry.kind)
  return told ? { ...told, title: t(told.title) } : { title: entry.kind, look: 'plain', icon: 'clock' }
}

function attemptTold(t: Words, { outcome, number }: StoryEntry): Told {
  const told = own(OUTCOMES, outcome) ?? { title: String(outcome), look: 'plain', icon: 'send' }
  return { ...told, title: t('Attempt {number}: {outcome}', { number: String(number), outcome: t(told.title) }) }
}

function statusTold(t: Words, status: string): Told {
  const title = t('The gateway reported “{status}”', { status: t(status) })
  if (status === 'error') return { title, look: 'bad', icon: 'alert' }
  return { title, look: 'good', icon: status === 'sent' ? 'check' : 'double' }
}

const own = (map: Readonly<Record<string, Told>>, key: unknown): Told | undefined =>
  typeof key === 'string' && Object.hasOwn(map, key) ? map[key] : undefined

function Details({ entry }: { entry: StoryEntry }) {
  const t = useWords()
  const { reason, code, ref, durationMs, part, way, lot, item, attempts, cost } = entry
  const facts = [
    part !== undefined && t('part {part}', { part: String(part) }),
    code !== undefined && t('code {code}', { code: String(code) }),
    typeof durationMs === 'number' && t('answered in {time}', { time: timeText(t, durationMs) }),
    typeof attempts === 'number' && attempts > 1 && t('{count} attempts', { count: attempts }),
    way !== undefined && t('by {way}', { way: String(way) }),
    cost !== undefined && costText(cost as Cost)
  ].filter(Boolean)
  return html`
    ${reason && html`<p class="text">${reason}</p>`}
    ${facts.length > 0 && html`<p class="muted">${facts.join(' · ')}</p>`}
    ${ref !== undefined && html`<p class="muted text">${t('id of the gateway')}: <code>${ref}</code></p>`}
    ${typeof lot === 'number' && html`<p><a href=${placeOf(['lots', lot])}>${t('Lot {id}', { id: lot })}</a></p>`}
    ${typeof item === 'number' && html`<p class="muted">${t('outbox item {id}', { id: item })}</p>`}
  `
}

const timeText = (t: Words, ms: number) => (ms < 1_000 ? t('{n} ms', { n: Math.round(ms) }) : durationIn(t, ms))
