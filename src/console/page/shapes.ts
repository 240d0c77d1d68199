/** Answers of the API, as far as the pages show them. Compared with the OpenAPI file by a test. */

type Lane = 'normal' | 'bulk'

export interface Session {
  name: string
  scopes: string[]
  registration: number | null
  expiresAt: string
}

export interface ListPage<Item> {
  items: Item[]
  next: string | null
}

export interface Cost {
  unit: string
  count?: number
  category?: string
  amount?: number
  currency?: string
}

type MessageState = 'waiting' | 'sending' | 'gathered' | 'accepted' | 'failed'

export interface Message {
  id: number
  registration: number
  contact: string
  crmId: string | null
  state: MessageState
  client: string | null
  clientId: string | null
  tag: string | null
  class: Lane
  status: string | null
  reason: string | null
  code: string | null
  cost: Cost | null
  attempts: number
  replays: number
  ref: string | null
  acceptedAt: string
  dueAt: string | null
  notBefore: string | null
  expiresAt: string | null
  settledAt: string | null
}

interface Attachment {
  type: string
  name: string
  uri: string
}

export interface WholeMessage extends Message {
  subject: string | null
  content: { text: string; format: string } | null
  attachments: Attachment[]
  parts: { part: number; ref: string; status: string | null; code: string | null; cost: Cost | null }[]
  story: StoryEntry[]
}

export interface StoryEntry {
  kind: string
  at: string
  [field: string]: unknown
}

export interface Line {
  at: string
  direction: 'in' | 'out'
  by: string
  text: string
  format: string
  attachments: Attachment[]
  message: number | null
  status: string | null
  state: string | null
  reason: string | null
}

export interface Operation {
  id: number
  kind: string
  state: 'running' | 'done' | 'cancelled' | 'failed'
  registration: number | null
  actor: string
  perSecond: number | null
  total: number
  seen: number
  changed: number
  percent: number
  error: string | null
  createdAt: string
  endedAt: string | null
}

export interface Pause {
  by: 'operator' | 'gateway'
  since: string | null
  until: string | null
  reason: string | null
}

export interface Registration {
  id: number
  channel: string
  company: string
  alias: string
  plugin: string
  cluster: string
  registeredAt: string
  archivedAt: string | null
  settings: { complete: boolean; missing: string | null }
  pauses: Pause[]
  waiting: number
  oldestWaitingAt: string | null
  lastSentAt: string | null
  lastWebhookAt: string | null
  crm: { waiting: number; oldestWaitingAt: string | null; lastTookAt: string | null }
}

export interface OutboxItem {
  id: number
  registration: number
  contact: string
  kind: 'status' | 'incoming'
  body: Record<string, unknown>
  state: 'waiting' | 'delivered' | 'stopped' | 'parked'
  attempts: number
  reason: string | null
  createdAt: string
  dueAt: string | null
  settledAt: string | null
}

export interface Lot {
  id: number
  registration: number
  name: string
  state: string
  step: string | null
  code: string | null
  retryable: boolean
  items: number
  counts: Record<string, number>
  ref: string | null
  attempts: number
  reason: string | null
  createdAt: string
  sealsAt: string
  dueAt: string | null
  openedAt: string | null
  endedAt: string | null
}

export interface WholeLot extends Lot {
  troubles: { message: number; contact: string; state: string; reason: string | null }[]
}

export interface ReceivedWebhook {
  id: number
  registration: number
  receivedAt: string
  bytes: number
  kept: boolean
  events: number
  skipped: Record<string, number>
  failed: string | null
  replayedAt: string | null
}

export interface WholeWebhook extends ReceivedWebhook {
  request: {
    method: string
    contentType: string | null
    query: Record<string, unknown>
    body: string
    encoding: 'utf8' | 'base64'
  } | null
}

export interface Template {
  name: string
  language: string | null
  status: string | null
  isUsable: boolean
  reason: string | null
  category: string | null
  header: string | null
  body: string
  footer: string | null
  buttons: string[]
  parameters: string[]
}

export interface Templates {
  items: Template[]
  isCut: boolean
}

export interface Suppression {
  id: number
  contact: string | null
  purpose: 'marketing' | 'all'
  source: string
  at: string
  note: string | null
}

export interface AuditEntry {
  id: number
  at: string
  actor: string
  action: string
  registration: number | null
  details: Record<string, unknown>
}

export const EVENT_TYPES = [
  'message.received',
  'message.status',
  'message.sent_elsewhere',
  'contact.renamed',
  'contact.suppressed',
  'conversation.held',
  'registration.paused',
  'registration.changed',
  'template.changed',
  'quality.changed',
  'webhook.disabled'
] as const

export interface FeedEvent {
  id: string
  at: string
  type: string
  registration: number | null
  contact?: string | null
  [field: string]: unknown
}

export interface UsageRow {
  day: string | null
  registration: number | null
  tag: string | null
  category: string | null
  unit: string | null
  currency: string | null
  messages: number
  failed: number
  count: number
  amount: number
}

export interface FailureGroup {
  channel: string
  failure: string
  reason: string | null
  code: string | null
  count: number
  firstAt: string
  lastAt: string
  sample: { id: number; contact: string; registration: number; reason: string | null }
  /** The very messages that are counted, for a replay. */
  filter: Record<string, unknown>
  replaying: number | null
}

export interface ApiToken {
  id: number
  name: string
  scopes: string[]
  registration: number | null
  perSecond: number | null
  createdAt: string
  expiresAt: string | null
  revokedAt: string | null
}
