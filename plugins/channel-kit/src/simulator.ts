import type { IncomingHttpHeaders } from 'node:http'
import type { Attachment } from './chat.ts'

/**
 * A gateway to play with: a real HTTP server on the loopback interface that
 * behaves as the gateway does. The demo shows both of its sides, the chaos run
 * and the tests make it misbehave.
 */
export interface Simulator {
  /** Where it listens. */
  url: string
  /** Variables of the environment under which a host may use it. */
  variables: Readonly<Record<string, string>>
  /** Settings under which a registration uses it, as an admin would save them. */
  settings: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  /** Where the webhooks of the registration go. */
  connect(webhookUrl: string): Promise<void>
  /** A customer writes; resolves when the host took it. Gateways without replies have none. */
  write?(contact: string, message: { text: string; attachments?: readonly Attachment[] }): Promise<void>
  /** Messages that customers got, oldest first. */
  received(): readonly Received[]
  close(): Promise<void>
}

/** A message as a customer sees it. */
export interface Received {
  contact: string
  /** The subject of an e-mail. */
  subject?: string
  text: string
  /** True if the text is HTML. */
  html?: boolean
  /** URLs, or names, of its files. */
  files: readonly string[]
  at: Date
}

/**
 * True if a call came by a name of the loopback, from a program or a page of the loopback. A page of anywhere may have a
 * name of its own resolve to 127.0.0.1 (DNS rebinding), and its calls carry that name; a simulator refuses them by 421.
 */
export const isLocal = ({ host, origin }: Pick<IncomingHttpHeaders, 'host' | 'origin'>): boolean =>
  LOOPBACK.test(host ?? '') && (origin === undefined || LOOPBACK.test(URL.parse(origin)?.host ?? ''))

const LOOPBACK = /^(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$/i
