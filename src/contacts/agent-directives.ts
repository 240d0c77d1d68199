import { type Directive, readDirectives } from 'channel-kit/directives'
import { htmlDirectives } from 'channel-kit/html-directives'
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
/**
 * A directive is the first that is seen of a text: marks of HTML, of Markdown and blanks may stand before it. Looked for in the
 * beginning alone, so that no text of a tenant is read as HTML, which may take seconds, but one that begins like this.
 */
const BEGINS = /^(?:<[^<>]*>|&nbsp;|[^<>&/／\p{L}\p{N}])*[/／](?:bot|opt(?:out|in))(?![\p{L}\p{N}_-])/iu
const BEGINNING = 1_024
/** HTML of more characters is a text of a program's. */
const MAX_HTML = 4_096
/** More is no agent. */
const MAX_ORDERS = 5

/** Undefined: the message begins with none. */
export function readAgentDirectives(posted: Posted): Directed | undefined {
  const { content, attachments } = posted
  if (!content || !BEGINS.test(content.text.slice(0, BEGINNING))) return undefined
  const isHtml = content.format === 'html'
  if (isHtml && content.text.length > MAX_HTML) return undefined
  const { directives, text } = isHtml ? htmlDirectives(content.text, WORDS) : readDirectives(content.text, WORDS)
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
