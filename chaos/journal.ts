import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Status } from 'channel-kit/chat'
import type { CrmConduct, GatewayConduct } from './conduct.ts'

/** The record of everything outside the hosts; the ledger is drawn up from nothing else but this and the database. Times are milliseconds of the run. */

/** A registration. */
export interface Account {
  key: string
  channel: string
  /** Its gateway drops repetitions. */
  dedupes: boolean
  /** A message that may have left is sent again. */
  repeats: boolean
}

/** A message that the CRM posted, or an API client. Its id is also its text. */
export interface Post {
  id: string
  account: Account
  contact: string
  at: number
  acceptedAt?: number
  /** Statuses of the hosts' answers; 0: none. 202 stands for an item that was accepted, or was before. */
  answers: number[]
  /** An API client posted it, so the CRM hears nothing of it. */
  isItem?: boolean
  /** Not to go beside a person, and one had written before. */
  isGuarded?: boolean
  /** Its contact did not want it, and nothing was stored. */
  isUnwanted?: boolean
}

/** A contact that an API client has suppressed for marketing. */
export interface Suppressed {
  account: Account
  contact: string
  askedAt: number
  /** The host had answered that it is so. */
  at?: number
}

/** A request that reached the gateway. */
export interface Exchange {
  account: Account
  /** Which life of which host sent it. */
  host: string
  at: number
  conduct: GatewayConduct
  processed: boolean
  /** The meaning of the answer; `nothing` when there was none, or nobody left to hear it. */
  said: 'accepted' | 'not processed' | 'rejected' | 'failed' | 'nothing'
  answeredAt?: number
}

/** A message that reached it, alone or with others. */
export interface Arrival extends Exchange {
  id: string
  contact: string
  /** Which attempt the host said that it was; 0 in a lot. */
  attempt: number
  ref?: string
  /** The answer announced these events, which the gateway does not report. */
  foreseen?: Foreseen
}

export interface Foreseen {
  statuses: readonly Status[]
  /** Texts of the customer's. */
  replies: readonly string[]
}

export type LotVerb = 'open' | 'add' | 'close'

/** A call about a lot, its messages being arrivals besides. */
export interface LotCall extends Exchange {
  verb: LotVerb
  /** The host's own id of the lot. */
  id: string
  /** The gateway's. */
  ref?: string
}

/** A report of the gateway by a webhook, until a host took it. */
export interface Report {
  account: Account
  /** Contact of an incoming message: its conversation. */
  contact?: string
  text?: string
  /** Message of a status. */
  id?: string
  ref?: string
  status?: Status
  answers: number[]
  ackedAt?: number
}

/** A line to the CRM; a host that is killed lets go of all of its own. */
export interface Line {
  closedAt?: number
}

/** An outbox item as a host delivered it to the CRM. */
export interface Told {
  account: Account
  kind: 'status' | 'incoming'
  /** Id of the message, or the text of an incoming one. */
  id: string
  contact?: string
  status?: Status
  at: number
  conduct: CrmConduct
  /** The CRM has taken it in. */
  took: boolean
  /** The host was told so. */
  answeredAt?: number
  line: Line
}

/** An end of a host or of Postgres, or a time in which Postgres said nothing to any host. */
export interface End {
  /** A host's life, such as `host 1.2`, or `postgres`. */
  what: string
  how: 'killed' | 'stopped' | 'died' | 'silent'
  at: number
  /** When it was back. */
  untilAt?: number
}

export function openJournal() {
  const started = performance.now()
  const startedAt = Date.now()
  const delays = monitorEventLoopDelay()
  delays.enable()
  return {
    /** How late the run itself was at most, on a machine that has too much to do. */
    lateMs: () => Math.round(delays.max / 1e6),
    /** A time by a host's clock. */
    timeOf: (at: Date) => at.getTime() - startedAt,
    now: () => Math.round(performance.now() - started),
    posts: [] as Post[],
    suppressed: [] as Suppressed[],
    arrivals: [] as Arrival[],
    lotCalls: [] as LotCall[],
    reports: [] as Report[],
    told: [] as Told[],
    ends: [] as End[],
    /** Tokens to the CRM that were not right. */
    forged: [] as string[]
  }
}

export type Journal = ReturnType<typeof openJournal>
