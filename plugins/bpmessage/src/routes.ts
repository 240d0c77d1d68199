import type { LookupTools, Search } from 'channel-kit/channel'
import type { Choices } from 'channel-kit/form'
import { number, text } from 'channel-kit/json'
import { Unanswered } from 'channel-kit/unanswered'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { meaningOf } from './answer.ts'
import { call } from './api.ts'
import { PROFILES, type ProfileName, ROUTES_PATH, type Service } from './profile.ts'
import type { CommonSettings, CommonTools, Options } from './settings.ts'
import { quotaMonth } from './time.ts'

/** The routes of an account, with their prices and the quota of a month. */

export interface Route {
  id: string
  /** Quota of the month; 0: none. */
  quotaId: number
  name: string
  provider: string
  /** BRL a message. */
  price: number
  /** Messages left; undefined: the API does not say. */
  available: number | undefined
}

export type Routes = { kind: 'routes'; routes: readonly Route[] } | { kind: 'none'; reason: string; forbidden: boolean }

const Id = Type.Union([Type.Number(), Type.String()])
const known = Compile(Type.Object({ idServiceSettings: Id, idQuotaSettings: Id }))

/** The whole call must end before the verb that it is a part of. */
const PATIENCE_MS = 8_000

interface Wanted {
  crmId: number
  portfolio: string
  service: Service
  /** In whose month the quota is meant. */
  at: Date
}

/** Changes nothing, so it may be asked again. */
export async function routesOf(
  tools: Pick<CommonTools, 'fetch' | 'settings' | 'now'>,
  wanted: Wanted
): Promise<Routes> {
  const { profile, timeZone } = tools.settings.connection
  const code = PROFILES[(profile[0] ?? 'current') as ProfileName].services[wanted.service]
  const query = new URLSearchParams({
    BookBusinessForeignId: wanted.portfolio,
    CrmId: String(wanted.crmId),
    ...(code === null ? {} : { ServiceTypeId: String(code) }),
    AnoMes: quotaMonth(wanted.at, timeZone)
  })
  const path = `${ROUTES_PATH}?${query}`
  const answer = await call(tools, { method: 'GET', path, signal: AbortSignal.timeout(PATIENCE_MS) }).catch(
    (error: Error) => (error.cause instanceof Error ? error.cause : error)
  )
  if (answer instanceof Error) return { kind: 'none', reason: answer.message, forbidden: false }
  const meaning = meaningOf(answer)
  if (meaning.kind === 'yes' && Array.isArray(meaning.said))
    return { kind: 'routes', routes: meaning.said.flatMap(routeOf) }
  const forbidden = meaning.kind === 'forbidden' || meaning.kind === 'lost' || meaning.kind === 'bad'
  return { kind: 'none', reason: 'reason' in meaning ? meaning.reason : 'the routes are no list', forbidden }
}

function routeOf(said: unknown): Route[] {
  if (!known.Check(said)) return []
  const { idServiceSettings, idQuotaSettings, name, provider, price, available } = said as Record<string, unknown>
  return [
    {
      id: String(idServiceSettings),
      quotaId: number(idQuotaSettings) || 0,
      name: text(name) || String(idServiceSettings),
      provider: text(provider),
      price: number(price) || 0,
      available: available === undefined || available === null ? undefined : number(available) || 0
    }
  ]
}

/** A lot of e-mails is opened without a quota of its own, so a route of theirs may have none. */
export const hasQuota = ({ quotaId, available }: Route, service: Service): boolean =>
  (quotaId > 0 || service === 'email') && available !== 0

export type Drawn = LookupTools<typeof Options>

/** The routes to choose from: those that the fields before name, of what has been saved of the connection. */
export const routeChoices =
  (servicesOf: (dep: readonly unknown[]) => { service: unknown; crmId: unknown; portfolio: unknown }) =>
  async (search: Search, tools: Drawn): Promise<Choices> => {
    const { service, crmId, portfolio } = servicesOf(
      Array.isArray(search.dep) ? search.dep : Object.values(search.dep ?? {})
    )
    const settings = savedConnection(tools)
    if (!settings || !number(crmId) || !isService(service) || !text(portfolio)) return {}
    const wanted = { crmId: number(crmId), portfolio: text(portfolio), service, at: tools.now() }
    const found = await routesOf({ ...tools, settings }, wanted)
    if (found.kind === 'none') throw new Unanswered(found.reason)
    return Object.fromEntries(
      found.routes
        .map(route => [route.id, titleOf(route, service, tools.translate)] as const)
        .filter(([id, title]) => ('keys' in search ? search.keys.includes(id) : matches(`${id} ${title}`, search.text)))
        .map(([id, title]) => [id, { title, group: tools.translate('settings', 'Routes') }])
    )
  }

const isService = (said: unknown): said is Service =>
  typeof said === 'string' && Object.hasOwn(PROFILES.current.services, said)

const matches = (text: string, wanted: string) => text.toLowerCase().includes(wanted.trim().toLowerCase())

export function titleOf(route: Route, service: Service, translate: Drawn['translate']): string {
  const { name, provider, price, available } = route
  const left = hasQuota(route, service)
    ? translate('settings', '{available} left', { available: available ?? '?' })
    : translate('settings', 'no quota')
  return `${name} - ${provider} (R$ ${price.toFixed(2)}), ${left}`
}

/** Undefined: an admin has not saved where the API is. */
export function savedConnection({ settings }: Drawn): CommonSettings | undefined {
  const { connection } = settings as Partial<CommonSettings>
  if (!connection?.apiUrl) return undefined
  const defaults = { profile: ['current'], timeZone: 'America/Sao_Paulo' }
  return { ...settings, connection: { ...defaults, ...connection } } as CommonSettings
}
