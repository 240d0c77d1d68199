import type { Pause } from '../shapes.ts'

/** Answers of the API about the whole host. */

export interface Counts {
  accepted: number
  sent: number
  failed: number
  received: number
}

export interface WaitingByLane {
  normal: { count: number; scheduled: number; oldestAt: string | null }
  bulk: { count: number; scheduled: number; oldestAt: string | null }
}

export interface HostState {
  id: string
  /** Null: of a host of an earlier version. */
  version: string | null
  roles: string[]
  startedAt: string | null
  seenAt: string
  load: { sending: number; cpuPercent: number; rssBytes: number; eventLoopP99Ms: number } | null
}

export interface ChannelState {
  channel: string
  mounted: boolean
  registrations: number
  paused: number
  incomplete: number
  archived: number
  waiting: WaitingByLane
  outbox: { waiting: number; oldestAt: string | null }
  lastMinute: Counts
}

export interface RegistrationState {
  id: number
  channel: string
  company: string
  alias: string
  archivedAt: string | null
  pauses: Pause[]
  settings: { complete: boolean; missing: string | null }
  waiting: WaitingByLane
  crm: { waiting: number; oldestWaitingAt: string | null; lastTookAt: string | null }
  lastSentAt: string | null
  lastWebhookAt: string | null
  lastMinute: Counts
}

export interface Overview {
  at: string
  hosts: HostState[]
  channels: ChannelState[]
  registrations: RegistrationState[]
  isCut: boolean
}

export interface Traffic {
  step: number
  points: ({ at: string } & Counts)[]
}
