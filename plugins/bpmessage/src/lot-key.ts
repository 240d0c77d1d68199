import type { LotLimits, PreparedItem } from 'channel-kit/lots'
import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Draft } from './draft.ts'
import type { Kind, Service } from './profile.ts'
import type { CommonSettings } from './settings.ts'
import { unpunctuated } from './taxpayer.ts'
import { quotaMonth } from './time.ts'

/** Everything that goes into the body of a lot, so that messages which differ in it never share one. */
const LotKey = Type.Object({
  campaign: Type.String(),
  service: Type.String({ enum: ['whatsapp', 'sms', 'rcs', 'email'] }),
  route: Type.String(),
  crmId: Type.Integer(),
  portfolio: Type.String(),
  /** CPF. */
  operator: Type.String(),
  /** Month of the quota: a lot does not gather over the end of a month. */
  month: Type.String(),
  /** Not before; ISO 8601. */
  schedule: Type.Union([Type.String(), Type.Null()])
})

export type LotKey = Omit<Static<typeof LotKey>, 'service'> & { service: Service }

const known = Compile(LotKey)

/** The host hands back what it was given. */
export function readKey(key: unknown): LotKey {
  if (!known.Check(key)) throw new Error('the key of the lot is none of ours')
  return key as LotKey
}

/** Length of the service's column, in letters rather than in halves of them. */
const MOST_LETTERS = 191
/** The service takes a name for granted. */
const UNNAMED = 'Chat'
/** The service's name where no person is named. */
const SYSTEM = 'system'

export function keyOf(
  { campaign, schedule }: Pick<Draft, 'campaign' | 'schedule'>,
  service: Service,
  { route, connection }: CommonSettings,
  now: Date
): Pick<PreparedItem, 'name' | 'key'> {
  const name = [...campaign].slice(0, MOST_LETTERS).join('') || UNNAMED
  const key: LotKey = {
    campaign: name,
    service,
    route: route.route?.[0] ?? '',
    crmId: route.crmId,
    portfolio: route.portfolio.trim(),
    operator: unpunctuated(route.operatorCpf ?? '').replace(/\D/g, '') || SYSTEM,
    month: quotaMonth(now, connection.timeZone),
    schedule: schedule?.toISOString() ?? null
  }
  return { name, key }
}

/** Most items of one request, the API's own limit. */
const CHUNK = 5_000

/** `key`: of the lot, where a certain one is meant. */
export const limitsOf = (kind: Kind, { lots }: Pick<CommonSettings, 'lots'>, key?: unknown): LotLimits => ({
  items: lots.batchSize,
  chunk: CHUNK,
  windowMs: lots.timeWindow * 1_000,
  // An e-mail by itself cannot be told when to leave.
  single: lots.mode[0] === 'auto' && !(kind === 'email' && key !== undefined && readKey(key).schedule !== null),
  repeats: lots.retryUnknown
})
