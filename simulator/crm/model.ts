/** The CRM's model, as its page shows it. Types only: the browser reads this file too. */

export type Status = 'sent' | 'delivered' | 'read' | 'error'

export type AttachmentType = 'file' | 'image' | 'voice'

export interface Attachment {
  name: string
  uri: string
  type: AttachmentType
}

export interface Content {
  text: string
  format: string
}

export interface Message {
  id: string
  direction: 'outgoing' | 'incoming'
  at: string
  subject: string | null
  content: Content | null
  attachments: Attachment[]
  /** `sending` until the plugin answered, `pending` until it reported the first status. */
  state: 'sending' | 'pending' | Status
  /** Every status in the order of arrival, as the plugin reported them. */
  statuses: Status[]
  /** Why the plugin did not take the message. */
  refusal: string | null
}

export interface Conversation {
  contact: string
  name: string
  messages: Message[]
}

export interface Reference {
  cid: string
  plugin: { alias: string; id: string }
}

export interface PluginSummary {
  key: string
  name: string
  selfUri: string
  reference: Reference
  registration: Registered | null
}

export interface Registered {
  country: string
  currency: string
  at: string
}

/** The other end of the chats of a plugin: its gateway, as the customers behind it see it. */
export interface GatewayView {
  /** True if it has settings at the plugin, and knows where to call. */
  connected: boolean
  /** True if it has a webhook to call; without one it is polled by the plugin, or has nothing to report. */
  webhook: boolean
  /** Customers can write. */
  replies: boolean
  /** Customers can send files. */
  files: boolean
  /** The only country that it reaches, such as `SK`; null for all of them. */
  country: string | null
  /** Oldest first. */
  messages: GatewayMessage[]
}

export interface GatewayMessage {
  id: string
  from: 'business' | 'customer'
  contact: string
  at: string
  subject?: string
  text: string
  html?: boolean
  files: GatewayFile[]
  /** State of a customer's message: `sending` until the plugin took it. What customers got is `taken`. */
  state: 'sending' | 'taken' | 'refused'
  /** Why the plugin did not take it. */
  refusal: string | null
}

export interface GatewayFile {
  name: string
  /** Null where the gateway does not tell. */
  type: AttachmentType | null
  /** Null where there is no more of it than the name. */
  address: string | null
}

export type Direction = 'to-plugin' | 'to-crm'

export interface ExchangeSummary {
  id: number
  at: string
  direction: Direction
  /** Key of the plugin, null when the request does not tell (a key being fetched). */
  plugin: string | null
  method: string
  path: string
  /** Null when no answer came, see `failure`. */
  status: number | null
  durationMs: number
  failure: string | null
}

export interface Exchange extends ExchangeSummary {
  request: { headers: Record<string, string>; body: string }
  answer: { headers: Record<string, string>; body: string } | null
}

export type CrmEvent =
  | { type: 'exchange'; exchange: Exchange }
  | { type: 'plugin'; plugin: PluginSummary }
  | { type: 'message'; plugin: string; contact: string; name: string; message: Message }
  | { type: 'status'; plugin: string; messageId: string; status: Status }
  | { type: 'incoming'; plugin: string; contact: string; message: Message }
  /** Something is new at the gateway behind a plugin. */
  | { type: 'gateway'; plugin: string }
