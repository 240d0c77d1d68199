import type { Feed } from './feed.ts'
import type { Direction, Exchange } from './model.ts'
import { redact } from './redact.ts'

const KEPT = 300
const BODY_LIMIT = 64 * 1024

export interface Heard {
  direction: Direction
  plugin: string | null
  method: string
  path: string
  startedAt: number
  status: number | null
  failure?: string
  request: { headers: Record<string, string>; body: string }
  answer: { headers: Record<string, string>; body: string } | null
  /** Names of fields whose values are not to be kept, such as passwords of a settings form. */
  secrets?: readonly string[]
}

/** The last requests and answers between the CRM and its plugins, both ways, without secrets. */
export function createExchanges(feed: Feed) {
  const kept: Exchange[] = []
  let last = 0

  const record = ({ startedAt, failure, secrets = [], ...heard }: Heard): Exchange => {
    last += 1
    const exchange: Exchange = {
      ...heard,
      id: last,
      at: new Date(startedAt).toISOString(),
      durationMs: Date.now() - startedAt,
      failure: failure ?? null,
      request: { ...heard.request, body: clip(redact(heard.request.body, secrets)) },
      answer: heard.answer && { ...heard.answer, body: clip(heard.answer.body) }
    }
    kept.push(exchange)
    if (kept.length > KEPT) kept.shift()
    feed.publish({ type: 'exchange', exchange })
    return exchange
  }

  return {
    record,
    list: (): readonly Exchange[] => kept,
    find: (id: number) => kept.find(exchange => exchange.id === id)
  }
}

export type Exchanges = ReturnType<typeof createExchanges>

const clip = (body: string) =>
  body.length > BODY_LIMIT ? `${body.slice(0, BODY_LIMIT)}… (${body.length} in all)` : body
