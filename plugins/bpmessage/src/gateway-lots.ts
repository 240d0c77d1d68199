import type { Cost } from 'channel-kit/event'
import type { Lot, LotOutcome, OpenedLot, OpenLot } from 'channel-kit/lots'
import { lotIdOf, type Meaning, meaningOf } from './answer.ts'
import { call } from './api.ts'
import { type LotKey, readKey } from './lot-key.ts'
import { type Kind, PROFILES, type ProfileName } from './profile.ts'
import { hasQuota, type Route, routesOf } from './routes.ts'
import type { CommonTools } from './settings.ts'
import { zoned } from './time.ts'

/** Opening, filling and closing a lot at the gateway. */

/** Until an admin, or a new month, may have changed something. */
export const PAUSE_MS = 300_000

const pathsOf = ({ settings: { connection } }: CommonTools, kind: Kind) =>
  PROFILES[(connection.profile[0] ?? 'current') as ProfileName][kind]

type Opened = LotOutcome<OpenedLot>
type OtherThanOpened = Exclude<Opened, { kind: 'opened' }>

interface LotBody {
  kind: 'body'
  body: object
  cost?: Cost
}

export async function openLot(kind: Kind, lot: Lot, tools: CommonTools): Promise<Opened> {
  const key = readKey(lot.key)
  const body: LotBody | OtherThanOpened =
    kind === 'phone' ? await phoneLot(key, lot, tools) : { kind: 'body', body: emailLot(key, tools) }
  if (body.kind !== 'body') return body
  const path = pathsOf(tools, kind).create
  const outcome = opened(meaningOf(await call(tools, { method: 'POST', path, body: body.body })))
  return outcome.kind === 'opened' && body.cost ? { ...outcome, cost: body.cost } : outcome
}

function opened(meaning: Meaning): Opened {
  if (meaning.kind === 'yes') {
    const ref = lotIdOf(meaning.said)
    return ref === undefined
      ? { kind: 'unknown', reason: 'the lot that was opened has no id' }
      : { kind: 'opened', ref }
  }
  // Only the name in the body is an agent's; the rest is the admin's.
  if (meaning.kind === 'bad' && /'Name'/i.test(meaning.reason)) return { kind: 'refused', reason: meaning.reason }
  if (meaning.kind === 'bad' || meaning.kind === 'lost') return paused(meaning.reason)
  return otherwise(meaning)
}

/** The quota is the month's, so it is asked for when it is needed. */
async function phoneLot(key: LotKey, { id, items }: Lot, tools: CommonTools): Promise<LotBody | OtherThanOpened> {
  const found = await routesOf(tools, { ...key, at: startOf(key, tools) })
  if (found.kind === 'none')
    return found.forbidden
      ? paused(found.reason)
      : { kind: 'retry', reason: `the routes cannot be asked: ${found.reason}` }
  const route = found.routes.find(({ id }) => id === key.route)
  if (!route) return paused(`the route ${key.route} is not there any more`)
  if (!hasQuota(route, key.service)) return paused(`the route ${route.name} has no quota`)
  const { available = items } = route
  if (available < items)
    tools.log.warn({ lot: id, items, available }, 'the route has less quota left than the lot has messages')
  return {
    kind: 'body',
    body: { ...timesOf(key, tools), idQuotaSettings: route.quotaId, idServiceSettings: Number(key.route) },
    ...costOf(route, key)
  }
}

/** The gateway charges by the route. Where the quota pays it says nothing of a price. */
const costOf = ({ name, price }: Route, { service }: LotKey): { cost?: Cost } =>
  price > 0
    ? { cost: { unit: 'message', category: service, type: name.slice(0, MAX_NAME), amount: price, currency: 'BRL' } }
    : {}

const MAX_NAME = 64

const emailLot = (key: LotKey, tools: CommonTools) => ({
  ...timesOf(key, tools),
  crmId: key.crmId,
  bookBusinessForeignId: key.portfolio,
  idServiceSettings: Number(key.route)
})

const startOf = ({ schedule }: LotKey, { now }: CommonTools) =>
  new Date(Math.max(now().getTime(), schedule === null ? 0 : Date.parse(schedule)))

function timesOf(key: LotKey, tools: CommonTools) {
  const { connection, lots } = tools.settings
  const start = startOf(key, tools)
  return {
    name: key.campaign,
    startDate: zoned(start, connection.timeZone),
    endDate: zoned(new Date(start.getTime() + lots.dispatchWindow * 1_000), connection.timeZone),
    user: key.operator
  }
}

export async function addItems(
  kind: Kind,
  { ref }: OpenLot,
  items: readonly unknown[],
  tools: CommonTools
): Promise<LotOutcome<{ kind: 'added' } | { kind: 'rejected'; reason: string }>> {
  const path = `${pathsOf(tools, kind).add}${ref}`
  const meaning = meaningOf(await call(tools, { method: 'POST', path, body: items }))
  switch (meaning.kind) {
    case 'yes':
      return { kind: 'added' }
    case 'bad':
    case 'no':
      return { kind: 'rejected', reason: meaning.reason }
    case 'lost':
      return { kind: 'refused', reason: meaning.reason }
    default:
      return otherwise(meaning)
  }
}

export async function closeLot(
  kind: Kind,
  { ref, doubtful }: OpenLot,
  tools: CommonTools
): Promise<LotOutcome<{ kind: 'closed' }>> {
  const meaning = meaningOf(await call(tools, { method: 'POST', path: `${pathsOf(tools, kind).finish}${ref}` }))
  switch (meaning.kind) {
    case 'yes':
      return { kind: 'closed' }
    case 'bad':
    case 'no':
    case 'lost':
      // A lot that is finished is not finished again.
      return doubtful ? { kind: 'closed' } : { kind: 'refused', reason: meaning.reason }
    default:
      return otherwise(meaning)
  }
}

const paused = (reason: string) => ({ kind: 'throttled' as const, reason, afterMs: PAUSE_MS })

/** Outcomes that are the same for every call. */
function otherwise(meaning: Exclude<Meaning, { kind: 'yes' | 'bad' | 'lost' }>) {
  const { reason } = meaning
  switch (meaning.kind) {
    case 'no':
      return { kind: 'refused' as const, reason }
    case 'forbidden':
      return paused(reason)
    case 'fast':
      return { kind: 'throttled' as const, reason, afterMs: meaning.afterMs }
    case 'later':
      return { kind: 'retry' as const, reason, ...(meaning.afterMs === undefined ? {} : { afterMs: meaning.afterMs }) }
    case 'unknown':
      return { kind: 'unknown' as const, reason }
  }
}
