import { type Kind, PROFILES, type Profile, type ProfileName, ROUTES_PATH } from '../src/profile.ts'
import type { Endpoint } from './faults.ts'
import { strangeKeys } from './fields.ts'
import type { Item, Store } from './store.ts'
import { asItem, itemProblems, lotProblems } from './validation.ts'
import { idOf } from './violations.ts'

/** The API's calls, when nothing goes wrong. */

export interface Done {
  status: number
  body: unknown
  /** The lot that it was about. */
  lot?: number
}

export interface Behaviour {
  profile: ProfileName
  /** Refuses bodies with keys that the API has no word for, which the service passes over. */
  strict: boolean
  /** How a lot is refused that is not there, and one that is finished. */
  unknownLot: 400 | 404
  finishedLot: 'false' | 400
  /** The reason to refuse an item that its fields do not show, such as a number that does not exist. */
  refuses: (item: Item) => string | undefined
  now: () => Date
}

export interface Call {
  endpoint: Endpoint
  kind: Kind
  /** Id of the lot, from the path. */
  id: number
  query: Readonly<Record<string, unknown>>
  body: unknown
}

const NULL_REFERENCE = 'Object reference not set to an instance of an object.'

/** Both path families, whatever the profile: the service codes alone tell them apart. */
export function paths(): { endpoint: Endpoint; kind: Kind; method: 'GET' | 'POST'; path: string }[] {
  const families = Object.values(PROFILES).flatMap(profile =>
    (['phone', 'email'] as const).flatMap(kind =>
      (['create', 'add', 'finish', 'invoice'] as const).map(endpoint => {
        const path = profile[kind][endpoint]
        return { endpoint, kind, method: 'POST' as const, path: path.endsWith('/') ? `${path}:id` : path }
      })
    )
  )
  const distinct = new Map(families.map(one => [one.path, one]))
  return [{ endpoint: 'routes', kind: 'phone', method: 'GET', path: ROUTES_PATH }, ...distinct.values()]
}

export function doCall(store: Store, behaviour: Behaviour, call: Call): Done {
  const profile = PROFILES[behaviour.profile]
  const strange = behaviour.strict && call.endpoint !== 'routes' ? strangeKeys(call.kind, call.endpoint, call.body) : []
  if (strange.length > 0) return bad([`unknown fields: ${strange.join(', ')}`])
  switch (call.endpoint) {
    case 'routes':
      return { status: 200, body: routesOf(store, call.query) }
    case 'create':
      return create(store, call)
    case 'add':
      return add(store, behaviour, profile, call)
    case 'finish':
      return finish(store, behaviour, call)
    case 'invoice':
      return invoice(store, behaviour, profile, call)
  }
}

const bad = (messages: readonly string[]): Done => ({ status: 400, body: { messages } })

const routesOf = ({ routes, months }: Store, { AnoMes }: Call['query']) =>
  routes.map(route => ({
    ...route,
    idQuotaSettings: months.get(`${AnoMes} ${route.idServiceSettings}`) ?? route.idQuotaSettings
  }))

function create({ lots }: Store, { kind, body }: Call): Done {
  const problems = lotProblems(kind, body)
  if (problems.length > 0) return bad(problems)
  const id = 9_001 + lots.length
  lots.push({ id, kind, body: asItem(body), items: [], finished: false, refusals: 0, doubtful: false })
  return { status: 200, body: id, lot: id }
}

function add(store: Store, behaviour: Behaviour, profile: Profile, { kind, id, body }: Call): Done {
  const lot = store.lots.find(one => one.id === id)
  if (!lot) return { status: behaviour.unknownLot, body: { messages: ['There is no such lot'] } }
  if (lot.kind !== kind) return { status: 500, body: { messages: [NULL_REFERENCE] } }
  const problems = [...itemProblems(kind, body, profile, false), ...refusedBy(behaviour, body)]
  if (problems.length > 0) {
    lot.refusals += 1
    return bad(problems)
  }
  if (lot.finished) {
    store.wrongs.push(`items were added to lot ${id} after it was finished`)
    return refused(behaviour)
  }
  const at = behaviour.now()
  for (const item of body as Item[]) {
    lot.items.push(item)
    store.arrivals.push({ kind, item, at })
  }
  return { status: 200, body: true, lot: id }
}

const refusedBy = ({ refuses }: Behaviour, items: unknown) =>
  Array.isArray(items) ? [...new Set(items.flatMap(item => refuses(item as Item) ?? []))] : []

function finish(store: Store, behaviour: Behaviour, { kind, id }: Call): Done {
  const lot = store.lots.find(one => one.id === id)
  if (!lot) return { status: behaviour.unknownLot, body: { messages: ['There is no such lot'] } }
  if (lot.kind !== kind) return { status: 500, body: { messages: [NULL_REFERENCE] } }
  if (lot.finished) return refused(behaviour)
  lot.finished = true
  return { status: 200, body: true, lot: id }
}

const refused = ({ finishedLot }: Behaviour): Done =>
  finishedLot === 'false' ? { status: 200, body: false } : bad(['The lot is finished'])

function invoice(store: Store, behaviour: Behaviour, profile: Profile, { kind, body }: Call): Done {
  const problems = itemProblems(kind, body, profile, true)
  if (problems.length > 0) return bad(problems)
  const at = behaviour.now()
  for (const item of body as Item[]) {
    if (kind === 'phone' && idOf(item) === undefined) store.wrongs.push('a message has no id of its own in metaData')
    store.invoices.push({ kind, item, at })
  }
  return { status: 200, body: true }
}
