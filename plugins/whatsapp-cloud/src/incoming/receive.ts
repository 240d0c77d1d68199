import type { Received, WebhookRequest } from 'channel-kit/channel'
import type { GatewayEvent } from 'channel-kit/event'
import { type Json, parse, record } from 'channel-kit/json'
import type { Asked, Recalled } from 'channel-kit/tools'
import type { WhatsAppTools } from '../settings.ts'
import { skipped } from './content.ts'
import { type Found, type Item, itemsOf, type Result } from './items.ts'
import { ASTRAY, note } from './management.ts'
import { quoteOfPart } from './quote.ts'

/**
 * A webhook brings up to a thousand things, of several kinds and numbers. Each
 * is read by itself, so that a bad one costs none of the others; what nobody
 * needs is counted in the log and answered like the rest, or Meta would send
 * the whole batch again for days.
 */
export async function receive({ body }: Pick<WebhookRequest, 'body'>, tools: WhatsAppTools): Promise<Received> {
  const { log } = tools
  const ignored: Record<string, number> = {}
  const events: GatewayEvent[] = []
  const items = itemsOf(record(parse(body.toString())), tools)
  const find = await finder(items, tools)
  for (const item of items) {
    const result = guarded(() => item.read(item.asks.map(asked => find(asked, events))), log)
    if (Array.isArray(result)) events.push(...result)
    else ignored[result.why] = (ignored[result.why] ?? 0) + 1
  }
  const elsewhere = numbersOf(items)
  const isOurs = items.some(({ foreign }) => foreign === undefined)
  if (Object.keys(ignored).length > 0) log.info({ ignored }, 'a webhook had things that are not for the chat')
  return {
    reply: { status: 200 },
    events: [
      ...events.filter(newsOnly()),
      ...(isOurs ? seen('webhook', {}, tools) : []),
      ...(elsewhere.length > 0 ? seen(ASTRAY, { numbers: elsewhere.join(', ') }, tools) : [])
    ],
    elsewhere,
    skipped: ignored
  }
}

/** Most other numbers of one call that are looked for. */
const MOST_NUMBERS = 20

/** Numbers that have their webhooks come here, and are not this one. */
const numbersOf = (items: readonly Item[]): string[] =>
  [...new Set(items.flatMap(({ foreign = '' }) => (/^\d{5,32}$/.test(foreign) ? [foreign] : [])))].slice(
    0,
    MOST_NUMBERS
  )

/** Recalls all refs of the items at once; the items of the same webhook are not known to the host yet. */
async function finder(items: readonly Item[], { recall }: WhatsAppTools) {
  const all = items.flatMap(({ asks }) => asks)
  const recalled = all.length > 0 ? await recall(all) : []
  const lines = await linesOf(all, recalled)
  const known = new Map(
    all.map((asked, index) => {
      const [found, line] = [recalled[index], lines.get(asked.ref)]
      return [asked, found && line !== undefined ? { ...found, line } : found]
    })
  )
  return (asked: Asked, before: readonly GatewayEvent[]): Found | undefined => known.get(asked) ?? sent(asked, before)
}

/** Most parts of messages that are looked for in one call: each may cost the reading of a long text. */
const MOST_PARTS = 20

async function linesOf(
  all: readonly Asked[],
  recalled: readonly (Recalled | undefined)[]
): Promise<Map<string, string>> {
  const parts = new Map(
    all.flatMap(({ ref }, index) => (recalled[index]?.part ? [[ref, recalled[index]] as const] : []))
  )
  const lines = new Map<string, string>()
  for (const [ref, said] of [...parts].slice(0, MOST_PARTS)) lines.set(ref, await quoteOfPart(said))
  return lines
}

function sent({ contact, ref }: Asked, before: readonly GatewayEvent[]): Recalled | undefined {
  const event = before.find(one => one.kind === 'message' && one.ref === ref && one.contact === contact)
  return event?.kind === 'message' ? { ...event, from: 'contact' } : undefined
}

/** Drops repeated events about a customer's identity: ten messages need it once. */
function newsOnly() {
  const known = new Set<string>()
  return (event: GatewayEvent): boolean => {
    const key = event.kind === 'renamed' ? `${event.from} ${event.to}` : ''
    if (key && known.has(key)) return false
    known.add(key)
    return true
  }
}

function guarded(read: () => Result, log: WhatsAppTools['log']): Result {
  try {
    return read()
  } catch (error) {
    log.error({ err: error }, 'a part of a webhook could not be read')
    return skipped('unreadable')
  }
}

/** That webhooks come at all is what an admin wants to know first; every ten minutes is enough. */
const seen = (name: string, value: Json, { notes, now }: WhatsAppTools) => {
  const last = notes[name]?.at
  return last && now().getTime() - last.getTime() < 600_000 ? [] : [note(name, value)]
}
