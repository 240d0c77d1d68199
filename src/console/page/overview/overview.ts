import { html } from 'htm/preact'
import { label, useWords, type Words } from 'page-kit/web/words.ts'
import { useState } from 'preact/hooks'
import { Table } from '../parts/list-table.ts'
import { PageHead } from '../parts/page-head.ts'
import { RegistrationBadges } from '../parts/registration-badges.ts'
import { Ago } from '../parts/when.ts'
import { placeOf } from '../route.ts'
import type { ChannelState, HostState, RegistrationState, WaitingByLane } from './overview-shapes.ts'
import { TrafficChart } from './traffic-chart.ts'
import { useOverview } from './use-overview.ts'

/** Health at a look: what goes through, what waits, and what holds it up. */
export function OverviewPage() {
  const t = useWords()
  const { overview, isConnected } = useOverview()
  const [window, setWindow] = useState<'hour' | 'day'>('hour')

  return html`
    <${PageHead} title=${t('Overview')} about=${overview && t('Live, as of {time}', { time: new Date(overview.at).toLocaleTimeString() })} />
    ${!isConnected && html`<p class="offline" role="status">${t('The connection to the host is lost. It is tried again by itself.')}</p>`}
    ${!overview && isConnected && html`<p class="starting" role="status">${t('Loading…')}</p>`}
    ${
      overview &&
      html`
        <section class="card" aria-labelledby="traffic-title">
          <div class="row">
            <h2 id="traffic-title">${t('Messages')}</h2>
            <span class="row push" role="group" aria-label=${t('Time')}>
              <button type="button" class="button small" aria-pressed=${window === 'hour'} onClick=${() => setWindow('hour')}>${t('Last hour')}</button>
              <button type="button" class="button small" aria-pressed=${window === 'day'} onClick=${() => setWindow('day')}>${t('Last day')}</button>
            </span>
          </div>
          <${TrafficChart} window=${window} />
        </section>
        <section class="card" aria-labelledby="channels-title">
          <h2 id="channels-title">${t('Channels')}</h2>
          ${
            overview.channels.length === 0
              ? html`<p class="muted">${t('No channel is mounted: see LV_PLUGIN_CHANNELS.')}</p>`
              : html`<${Table} caption=${t('Channels')} items=${overview.channels} keyOf=${({ channel }: ChannelState) => channel} columns=${channelColumns(t)} />`
          }
        </section>
        <section class="card" aria-labelledby="registrations-title">
          <h2 id="registrations-title">${t('Registrations')}</h2>
          ${
            overview.registrations.length === 0
              ? html`<p class="muted">${t('No CRM has registered yet. Its administrator adds the address of a channel as a plugin.')}</p>`
              : html`<${Table} caption=${t('Registrations')} items=${overview.registrations} keyOf=${({ id }: RegistrationState) => id} columns=${registrationColumns(t)} />`
          }
          ${overview.isCut && html`<p><a href=${placeOf(['registrations'])}>${t('All registrations')}</a></p>`}
        </section>
        <section class="card" aria-labelledby="hosts-title">
          <h2 id="hosts-title">${t('Hosts')}</h2>
          <${Table} caption=${t('Hosts')} items=${overview.hosts} keyOf=${({ id }: HostState) => id} columns=${hostColumns(t)} />
        </section>
      `
    }
  `
}

function laneText(t: Words, { normal, bulk }: WaitingByLane) {
  const scheduled = normal.scheduled + bulk.scheduled
  const inBulk = bulk.count - bulk.scheduled
  return html`
    ${normal.count - normal.scheduled}
    ${inBulk > 0 && html` <span class="muted">+ ${inBulk} ${t('bulk')}</span>`}
    ${scheduled > 0 && html` <span class="muted">+ ${t('{count} scheduled', { count: scheduled })}</span>`}
  `
}

const oldest = ({ normal, bulk }: WaitingByLane) =>
  [normal.oldestAt, bulk.oldestAt].filter(at => at !== null).sort()[0] ?? null

const PER_MINUTE = [
  { name: 'accepted', title: label('Accepted a minute') },
  { name: 'sent', title: label('Sent a minute') },
  { name: 'failed', title: label('Failed a minute') },
  { name: 'received', title: label('Received a minute') }
] as const

const minuteColumns = (t: Words) =>
  PER_MINUTE.map(({ name, title }) => ({
    title: t(title),
    isNumber: true,
    cell: ({ lastMinute }: Pick<ChannelState, 'lastMinute'>) =>
      html`<span class=${name === 'failed' && lastMinute.failed > 0 ? 'bad' : undefined}>${lastMinute[name]}</span>`
  }))

const channelColumns = (t: Words) => [
  {
    title: t('Channel'),
    cell: ({ channel, mounted }: ChannelState) =>
      html`<strong>${channel}</strong>${!mounted && html` <span class="badge bad">${t('not mounted')}</span>`}`
  },
  {
    title: t('Registrations'),
    cell: (state: ChannelState) => html`
      ${state.registrations}
      ${state.paused > 0 && html` <span class="badge warn">${t('{count} paused', { count: state.paused })}</span>`}
      ${state.incomplete > 0 && html` <span class="badge bad">${t('{count} incomplete', { count: state.incomplete })}</span>`}
    `
  },
  ...minuteColumns(t),
  { title: t('Waiting'), cell: ({ waiting }: ChannelState) => laneText(t, waiting), isNumber: true },
  { title: t('Oldest waiting'), cell: ({ waiting }: ChannelState) => html`<${Ago} at=${oldest(waiting)} />` },
  { title: t('For the CRM'), cell: ({ outbox }: ChannelState) => outbox.waiting, isNumber: true }
]

const registrationColumns = (t: Words) => [
  {
    title: t('Registration'),
    cell: ({ id, company, alias, channel }: RegistrationState) =>
      html`<a href=${placeOf(['registrations', id])}>${id}</a> <span class="text">${company}</span> <span class="muted text">${channel}, ${alias}</span>`
  },
  { title: t('State'), cell: (state: RegistrationState) => html`<${RegistrationBadges} state=${state} />` },
  ...minuteColumns(t),
  { title: t('Waiting'), cell: ({ waiting }: RegistrationState) => laneText(t, waiting), isNumber: true },
  { title: t('Oldest waiting'), cell: ({ waiting }: RegistrationState) => html`<${Ago} at=${oldest(waiting)} />` },
  { title: t('Last sent'), cell: ({ lastSentAt }: RegistrationState) => html`<${Ago} at=${lastSentAt} />` },
  { title: t('Last webhook'), cell: ({ lastWebhookAt }: RegistrationState) => html`<${Ago} at=${lastWebhookAt} />` },
  {
    title: t('CRM'),
    cell: ({ crm }: RegistrationState) =>
      crm.waiting > 0
        ? html`<span class="bad">${t('{count} waiting', { count: crm.waiting })}</span>`
        : html`<${Ago} at=${crm.lastTookAt} />`
  }
]

const MIB = 1024 * 1024

type Load = NonNullable<HostState['load']>

/** A host of an earlier version tells less of itself. */
const loadOf =
  (text: (load: Load) => string | number) =>
  ({ load }: HostState) =>
    load === null ? '–' : text(load)

const hostColumns = (t: Words) => [
  { title: t('Host'), cell: ({ id }: HostState) => html`<code>${id.slice(0, 8)}</code>` },
  { title: t('Version'), cell: ({ version }: HostState) => version ?? '–' },
  { title: t('Roles'), cell: ({ roles }: HostState) => roles.join(', ') },
  { title: t('Started'), cell: ({ startedAt }: HostState) => html`<${Ago} at=${startedAt} />` },
  { title: t('Seen'), cell: ({ seenAt }: HostState) => html`<${Ago} at=${seenAt} />` },
  { title: t('In hand'), cell: loadOf(({ sending }) => sending), isNumber: true },
  { title: t('CPU'), cell: loadOf(({ cpuPercent }) => `${Math.round(cpuPercent)} %`), isNumber: true },
  { title: t('Memory'), cell: loadOf(({ rssBytes }) => `${Math.round(rssBytes / MIB)} MiB`), isNumber: true },
  {
    title: t('Event loop'),
    cell: loadOf(({ eventLoopP99Ms }) => t('{n} ms', { n: Math.round(eventLoopP99Ms) })),
    isNumber: true
  }
]
