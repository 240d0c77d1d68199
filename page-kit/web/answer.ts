/** A refusal of whoever was asked, in words for people. Status 0: nobody answered at all. */
export interface Problem {
  status: number
  message: string
  body: unknown
}

export type Result<T> = { ok: true; body: T } | { ok: false; problem: Problem }

/** `asked`: who answered without a message of its own. */
export function readAnswer<T>(status: number, text: string, asked: string): Result<T> {
  const body = parse(text)
  if (status >= 200 && status < 300) return { ok: true, body: body as T }
  const said = body && typeof body === 'object' && 'message' in body ? String(body.message) : ''
  return { ok: false, problem: { status, message: said || `${asked} answered ${status}.`, body } }
}

export const noAnswer = (message: string): { ok: false; problem: Problem } => ({
  ok: false,
  problem: { status: 0, message, body: null }
})

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Ends a text with the full stop that a sentence after it needs. */
export const sentence = (text: string) => (/[.!?…]$/.test(text) ? text : `${text}.`)
