import type { ChatMessage, Status } from 'channel-kit/chat'
import type { Reference } from './reference.ts'

/** Calls to the CRM: their URLs, claims and bodies. Pure. Source: docs/protocol.md, "To the CRM". */

export type Kind = 'status' | 'incoming'

interface Call {
  method: 'PATCH' | 'PUT'
  path: string
  success: number
  /** The CRM will never take this item; 418, which says that the plugin is archived, is one of them for both kinds. */
  stop: readonly number[]
  /** The reference's value of `__task`, where the CRM may look for it. */
  task: { limit: number; interval: number }
}

export const CALLS = {
  status: { method: 'PATCH', path: 'status', success: 200, stop: [418, 404], task: { limit: 5, interval: 10 } },
  incoming: { method: 'PUT', path: 'incoming', success: 201, stop: [418, 405], task: { limit: 5, interval: 5 } }
} as const satisfies Record<Kind, Call>

/** Seconds that a token holds after it was signed. */
const TTL_S = 300

export const callUrl = (clusterUri: string, companyId: string, kind: Kind) =>
  `${withoutQuery(clusterUri)}/companies/${encodeURIComponent(companyId)}/CRM/plugin/chat/${CALLS[kind].path}`

/** The claims in the order of the reference; ids are texts. */
export const callClaims = (
  selfUri: string,
  clusterUri: string,
  { companyId, alias, pluginId }: Reference,
  body: object,
  now: Date
) => ({
  iss: selfUri,
  aud: clusterUri,
  cid: companyId,
  plugin: { alias, id: pluginId },
  body,
  exp: Math.floor(now.getTime() / 1000) + TTL_S
})

/** The whole body of a call. `failed`: tries that failed before this one. */
export function callBody(kind: Kind, request: string, failed: number) {
  const { limit, interval } = CALLS[kind].task
  return {
    request,
    __task: {
      createdAt: {
        attemptLastTime: null,
        attemptNumber: failed,
        attemptLimit: limit,
        attemptInterval: interval,
        attemptLog: ''
      },
      attempt: { number: failed, limit, interval }
    }
  }
}

export const statusBody = (crmId: string, status: Status) => ({ id: crmId, status })

/** An incoming message has no id, and neither has its chat. */
export const incomingBody = ({ contact, subject, content, attachments }: ChatMessage) => ({
  chat: { id: null, contact, subject },
  message: { content, attachments }
})

export const userAgent = (selfUri: string) => `SR-PLUGIN-CHAT-BOT/1.0 (+${selfUri.replace(/\/$/, '')}/info)`

/** A cluster's address may carry a path, which is kept, and a query, which is not. */
function withoutQuery(uri: string): string {
  const { origin, pathname } = new URL(uri)
  let end = pathname.length
  while (pathname.endsWith('/', end)) end -= 1
  return `${origin}${pathname.slice(0, end)}`
}
