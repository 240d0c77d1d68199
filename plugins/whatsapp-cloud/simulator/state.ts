import type { Json } from 'channel-kit/json'

/** State of the simulated Graph API. A test may read and change all of it. */
export interface State {
  account: Account
  token: string
  /** Secrets of apps, the first being the token's. */
  secret: string
  /** Data of the token, as the API gives it. */
  tokenData: Json
  /** Headers of every answer that is no error, such as the usage of the quota. */
  headers: Readonly<Record<string, string>>
  now: () => Date
  /** Calls, oldest first. */
  calls: Call[]
  /** Messages that were accepted, oldest first. */
  messages: Message[]
  media: Map<string, StoredFile>
  /** Entries of the list, as the API gives them. */
  templates: Json[]
  templatesPerPage: number
  /** Fields of the phone number, as the API gives them. */
  phone: Json
  subscribed: boolean
  /** Where the account has its webhooks sent, instead of the app's address. */
  override: { url: string; verifyToken: string } | undefined
  /** Where single numbers have theirs sent, instead of that, by their ids. */
  callbacks: Map<string, { url: string; verifyToken: string }>
  /** Other numbers of the account, by their ids, that can be looked at and connected. */
  otherNumbers: readonly string[]
  /** `sync` and `async`: how the end of a window is told. `ignore`: it never ends. */
  window: 'ignore' | 'sync' | 'async'
  /** When a customer last wrote, by digits or id. */
  lastIncoming: Map<string, Date>
  /** How WhatsApp writes a number, where it is not as given. */
  aliases: Map<string, string>
  /** Statuses of an accepted message, reported by webhooks at once. */
  statuses: readonly string[]
  /** Statuses are told before the call is answered. */
  statusesFirst: boolean
}

interface Account {
  phoneNumberId: string
  businessAccountId: string
  displayNumber: string
}

interface Call {
  operation: Operation
  method: string
  /** Below the version. */
  path: string
  query: Json
  headers: Json
  body: unknown
}

export type Operation =
  | 'messages'
  | 'upload'
  | 'info'
  | 'bytes'
  | 'templates'
  | 'phone'
  | 'numbers'
  | 'subscription'
  | 'token'

export interface Message {
  wamid: string
  contact: string
  body: Json
  at: Date
}

export interface StoredFile {
  id: string
  mime: string
  name: string
  bytes: Buffer
  sha256: string
  /** The last part of its address; an expired address has another. */
  key: string
  expiresAt: Date
}

export const URL_LIFE_MS = 300_000

export const initialState = (now: () => Date): State => ({
  account: { phoneNumberId: '106540352242922', businessAccountId: '102290129340398', displayNumber: '15550783881' },
  token: 'EAASimulatedToken',
  secret: 'simulated-app-secret',
  tokenData: {
    app_id: '1',
    is_valid: true,
    expires_at: 0,
    scopes: ['whatsapp_business_messaging', 'whatsapp_business_management']
  },
  headers: {},
  now,
  calls: [],
  messages: [],
  media: new Map(),
  templates: [
    {
      id: '1',
      name: 'continue_conversation',
      language: 'en_US',
      status: 'APPROVED',
      category: 'UTILITY',
      parameter_format: 'POSITIONAL',
      components: [{ type: 'BODY', text: 'There is an answer for you: {{1}} Write to us to go on.' }]
    }
  ],
  templatesPerPage: 100,
  phone: {
    display_phone_number: '+1 555-078-3881',
    verified_name: 'Simulated shop',
    status: 'CONNECTED',
    quality_rating: 'GREEN',
    name_status: 'APPROVED',
    throughput: { level: 'STANDARD' },
    whatsapp_business_manager_messaging_limit: 'TIER_2K',
    health_status: { can_send_message: 'AVAILABLE', entities: [] }
  },
  subscribed: false,
  override: undefined,
  callbacks: new Map(),
  otherNumbers: [],
  window: 'ignore',
  lastIncoming: new Map(),
  aliases: new Map(),
  statuses: ['sent', 'delivered'],
  statusesFirst: false
})
