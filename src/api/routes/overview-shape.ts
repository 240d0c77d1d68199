import { type Static, Type } from 'typebox'
import type { LivingHost } from '../../registrations/living-hosts.ts'
import type { SeenChannel, SeenRegistration, Waiting } from '../../registrations/overview.ts'
import { Id, isoOf, Nullable, Time } from '../lists.ts'

/** Hosts, channels and registrations as an overview shows them. */

const COUNTS = {
  accepted: Type.Integer(),
  sent: Type.Integer(),
  failed: Type.Integer(),
  received: Type.Integer()
}

export const ChartPoint = Type.Object({ at: Time, ...COUNTS }, { title: 'TrafficPoint' })

const LastMinute = Type.Object(COUNTS, { description: 'Of the last whole minute' })

const Queue = Type.Object({
  count: Type.Integer(),
  scheduled: Type.Integer({ description: 'Those whose time is still to come' }),
  oldestAt: Nullable({ ...Time, description: 'Of those whose time has come' })
})
const Lanes = Type.Object({ normal: Queue, bulk: Queue }, { description: 'Messages that are not settled, by lane' })

export const HostState = Type.Object(
  {
    id: Type.String(),
    version: Nullable(Type.String()),
    roles: Type.Array(Type.String({ description: 'web, worker' })),
    startedAt: Nullable(Time),
    seenAt: Time,
    load: Nullable(
      Type.Object({
        sending: Type.Integer({ description: 'Messages in hand' }),
        cpuPercent: Type.Number({ description: 'Of one core' }),
        rssBytes: Type.Integer(),
        eventLoopP99Ms: Type.Number()
      })
    )
  },
  { title: 'Host', description: 'What it said with its last heartbeat, of one every 5 s' }
)

const Channel = Type.Object(
  {
    channel: Type.String(),
    mounted: Type.Boolean({ description: 'By the host that answers' }),
    registrations: Type.Integer(),
    paused: Type.Integer(),
    incomplete: Type.Integer({ description: 'Their settings are not complete' }),
    archived: Type.Integer(),
    waiting: Lanes,
    outbox: Type.Object({ waiting: Type.Integer(), oldestAt: Nullable(Time) }),
    lastMinute: LastMinute
  },
  { title: 'OverviewChannel' }
)

const Registration = Type.Object(
  {
    id: Id,
    channel: Type.String(),
    company: Type.String(),
    alias: Type.String(),
    archivedAt: Nullable(Time),
    pauses: Type.Array(
      Type.Object({
        by: Type.Enum(['operator', 'gateway']),
        since: Nullable(Time),
        until: Nullable(Time),
        reason: Nullable(Type.String())
      })
    ),
    settings: Type.Object({ complete: Type.Boolean(), missing: Nullable(Type.String()) }),
    waiting: Lanes,
    crm: Type.Object({
      waiting: Type.Integer({ description: 'Outbox items' }),
      oldestWaitingAt: Nullable(Time),
      lastTookAt: Nullable(Time)
    }),
    lastSentAt: Nullable(Time),
    lastWebhookAt: Nullable(Time),
    lastMinute: LastMinute
  },
  { title: 'OverviewRegistration' }
)

export const Overview = Type.Object(
  {
    at: Time,
    hosts: Type.Array(HostState),
    channels: Type.Array(Channel),
    registrations: Type.Array(Registration),
    isCut: Type.Boolean({ description: 'There are more registrations' })
  },
  { title: 'Overview' }
)

const queued = ({ oldestAt, ...counts }: Waiting) => ({ ...counts, oldestAt: isoOf(oldestAt) })
const lanes = ({ normal, bulk }: { normal: Waiting; bulk: Waiting }) => ({ normal: queued(normal), bulk: queued(bulk) })

export const shownHost = ({ roles, startedAt, seenAt, ...host }: LivingHost): Static<typeof HostState> => ({
  ...host,
  roles: roles ?? [],
  startedAt: isoOf(startedAt),
  seenAt: seenAt.toISOString()
})

export const shownChannel = (
  { waiting, outbox, ...channel }: SeenChannel,
  mounted: boolean
): Static<typeof Channel> => ({
  ...channel,
  mounted,
  waiting: lanes(waiting),
  outbox: { waiting: outbox.count, oldestAt: isoOf(outbox.oldestAt) }
})

export const shownRegistration = (row: SeenRegistration): Static<typeof Registration> => ({
  id: row.id,
  channel: row.channel,
  company: row.companyId,
  alias: row.alias,
  archivedAt: isoOf(row.archivedAt),
  pauses: row.pauses.map(({ since, until, ...pause }) => ({ ...pause, since: isoOf(since), until: isoOf(until) })),
  settings: { complete: row.missing === null, missing: row.missing },
  waiting: lanes(row.waiting),
  crm: { waiting: row.crm.count, oldestWaitingAt: isoOf(row.crm.oldestAt), lastTookAt: isoOf(row.toldAt) },
  lastSentAt: isoOf(row.sentAt),
  lastWebhookAt: isoOf(row.calledAt),
  lastMinute: row.lastMinute
})
