import type { Exchanges } from './exchanges.ts'

const TIMEOUT_MS = 30_000

export interface Call {
  method: string
  /** Relative to the self URI, with its query. */
  path: string
  headers?: Record<string, string>
  body?: string | FormData
  /** The body as the record shows it, when it is not text. */
  shown?: string
  secrets?: readonly string[]
}

export interface Answer {
  status: number
  headers: Record<string, string>
  text: string
  /** The body where it is JSON, otherwise undefined. */
  json: unknown
}

/** Speaks HTTP to one plugin and keeps a record of each exchange. Rejects only when no answer came. */
export const caller =
  (plugin: string, selfUri: string, exchanges: Exchanges) =>
  async ({ method, path, headers = {}, body, shown, secrets = [] }: Call): Promise<Answer> => {
    const url = new URL(path.replace(/^\//, ''), selfUri)
    const startedAt = Date.now()
    const heard = {
      direction: 'to-plugin',
      plugin,
      method,
      path: `${url.pathname}${url.search}`,
      startedAt,
      secrets,
      request: { headers, body: shown ?? (typeof body === 'string' ? body : '') }
    } as const

    try {
      const response = await fetch(url, {
        method,
        headers,
        body: body ?? null,
        redirect: 'manual',
        signal: AbortSignal.timeout(TIMEOUT_MS)
      })
      const answer = { headers: Object.fromEntries(response.headers), body: await response.text() }
      exchanges.record({ ...heard, status: response.status, answer })
      return { status: response.status, headers: answer.headers, text: answer.body, json: parse(answer.body) }
    } catch (error) {
      const failure = reason(error)
      exchanges.record({ ...heard, status: null, failure, answer: null })
      throw new Error(`${method} ${url} got no answer: ${failure}`, { cause: error })
    }
  }

/** `fetch failed` says nothing; its cause says what happened. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause
  if (cause instanceof Error) return cause.message || ('code' in cause ? String(cause.code) : error.message)
  return error.message
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
