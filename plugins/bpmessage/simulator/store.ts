import type { Kind } from '../src/profile.ts'

/** Store of the simulated gateway: lots, single messages, routes, and a log of all calls. */

export type Item = Readonly<Record<string, unknown>>

export interface FakeLot {
  id: number
  kind: Kind
  body: Item
  items: Item[]
  finished: boolean
  /** Requests to put something into it that were refused. */
  refusals: number
  /** The caller was never told how a call about it ended, so it cannot be held to what it did not know. */
  doubtful: boolean
}

export interface FakeRoute {
  idServiceSettings: number
  idQuotaSettings: number
  name: string
  provider: string
  price: number
  quota: number
  available: number
  defaultService: boolean
  useTemplate: boolean
}

export interface Logged {
  method: string
  path: string
  headers: Readonly<Record<string, unknown>>
  body: unknown
  /** Undefined: the connection was broken instead. */
  status: number | undefined
}

export const openStore = () => ({
  lots: [] as FakeLot[],
  invoices: [] as { kind: Kind; item: Item; at: Date }[],
  /** When items came into lots, for the chat that a customer sees. */
  arrivals: [] as { kind: Kind; item: Item; at: Date }[],
  /** Calls that would have sent something twice or too late. */
  wrongs: [] as string[],
  calls: [] as Logged[],
  routes: [route(5018, 85_730, 'Main'), route(5019, 0, 'Without quota'), route(5020, 85_731, 'Used up', 0)],
  /** Quotas of other months, by `YYYYMM` and route. */
  months: new Map<string, number>()
})

export type Store = ReturnType<typeof openStore>

const route = (id: number, quota: number, name: string, available = 1_000_000): FakeRoute => ({
  idServiceSettings: id,
  idQuotaSettings: quota,
  name,
  provider: 'Carrier',
  price: 0.05,
  quota: 1_000_000,
  available,
  defaultService: id === 5018,
  useTemplate: false
})
