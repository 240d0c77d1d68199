import { type Directive, readDirectives } from 'channel-kit/directives'
import { readHtmlDirectives } from 'channel-kit/html-directives'
import type { SuppressedPurpose } from '../postgres/schema/conversations.ts'
import type { Posted } from '../protocol/chat.ts'

/**
 * Directives of agents to the host, as the first lines of a message: `/bot off` holds the conversation until `/bot on`,
 * `/optout` suppresses the contact for marketing, `/optout all` for everything, and `/optin` lifts that. They are obeyed and
 * not sent; what follows them is.
 */

export type Order =
  | { kind: 'hold' }
  | { kind: 'release' }
  | { kind: 'suppress'; purpose: SuppressedPurpose }
  | { kind: 'lift' }
  /** The agent meant one and wrote it wrong. */
  | { kind: 'none' }

export interface Directed {
  orders: readonly Order[]
  /** The message without them; null: nothing is to be sent. */
  rest: Posted | null
}

const WORDS = ['bot', 'optout', 'optin'] as const
/** Cheaper than to read every message as HTML. */
const MAYBE = /[/／](?:bot|opt)/i
/** More is no agent. */
const MAX_ORDERS = 5

/** Undefined: the message begins with none. */
export async function readAgentDirectives(posted: Posted): Promise<Directed | undefined> {
  const { content, attachments } = posted
  if (!content || !MAYBE.test(content.text)) return undefined
  const { directives, text } =
    content.format === 'html' ? await readHtmlDirectives(content.text, WORDS) : readDirectives(content.text, WORDS)
  if (directives.length === 0) return undefined
  const orders = directives.length > MAX_ORDERS ? [{ kind: 'none' } as const] : directives.map(orderOf)
  if (orders.some(({ kind }) => kind === 'none')) return { orders: [{ kind: 'none' }], rest: null }
  const rest = text === '' ? null : { ...content, text }
  return { orders, rest: rest || attachments.length > 0 ? { ...posted, content: rest } : null }
}

function orderOf({ word, value }: Directive<(typeof WORDS)[number]>): Order {
  const said = value.toLowerCase()
  switch (word) {
    case 'bot':
      return { kind: said === 'off' ? 'hold' : said === 'on' ? 'release' : 'none' }
    case 'optout':
      if (said === '' || said === 'marketing') return { kind: 'suppress', purpose: 'marketing' }
      return said === 'all' ? { kind: 'suppress', purpose: 'all' } : { kind: 'none' }
    case 'optin':
      return { kind: said === '' ? 'lift' : 'none' }
  }
}
