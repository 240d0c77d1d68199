import { createHmac } from 'node:crypto'
import { type Json, list, record, text } from 'channel-kit/json'
import type { State } from './state.ts'

/** A `change` of a webhook's body. */
export interface Change {
  field: string
  value: Json
}

/** Meta writes JSON in ASCII, and some of that escaped too: a signature over anything else does not hold. */
export const metaJson = (value: unknown) =>
  JSON.stringify(value)
    .replace(/[\u007f-\uffff]/g, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .replaceAll('/', '\\/')
    .replaceAll('<', '\\u003C')
    .replaceAll('%', '\\u0025')
    .replaceAll('@', '\\u0040')

const signature = (body: string, secret: string) => `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`

/** How changes that were held back leave. */
export interface Release {
  order?: 'given' | 'reversed'
  /** Changes in one call. */
  batch?: number
  /** Copies of every call. */
  copies?: number
}

const FIRST_RETRY_MS = 100
const LONGEST_RETRY_MS = 5_000

/** Calls the host as Meta does, and again until it answers 200. */
export function webhookSender(state: State, closed: AbortSignal) {
  let target = ''
  let held: Change[] | undefined
  const underway = new Set<Promise<unknown>>()

  const body = (changes: readonly Change[]) => ({
    object: 'whatsapp_business_account',
    entry: [{ id: state.account.businessAccountId, time: seconds(state.now()), changes }]
  })

  /** Address of the number, of the account, or of the app; '' if there is none. */
  function addressOf(payload: unknown): string {
    const { value } = record(list(record(list(record(payload).entry)[0]).changes)[0])
    const number = text(record(record(value).metadata).phone_number_id)
    return state.callbacks.get(number)?.url ?? state.override?.url ?? target
  }

  /** Makes one call; resolves with the answer's status, 0 for none. */
  async function post(payload: unknown, secret = state.secret, url = addressOf(payload)): Promise<number> {
    const text = metaJson(payload)
    const headers = { 'content-type': 'application/json', 'x-hub-signature-256': signature(text, secret) }
    const response = await fetch(url, { method: 'POST', headers, body: text, signal: closed }).catch(() => undefined)
    await response?.arrayBuffer().catch(() => undefined)
    return response?.status ?? 0
  }

  async function insist(payload: unknown): Promise<void> {
    for (let wait = FIRST_RETRY_MS; !closed.aborted; wait = Math.min(LONGEST_RETRY_MS, wait * 2)) {
      if ((await post(payload)) === 200) return
      await new Promise(resolve => setTimeout(resolve, wait).unref())
    }
  }

  /** '' when the address answers as it should. */
  async function challenge(url: string, verifyToken: string): Promise<string> {
    const asked = new URL(url)
    const said = String(seconds(state.now()))
    asked.search = new URLSearchParams({
      'hub.mode': 'subscribe',
      'hub.verify_token': verifyToken,
      'hub.challenge': said
    }).toString()
    const response = await fetch(asked, { signal: closed }).catch(() => undefined)
    const answer = await response?.text()
    return response?.status === 200 && answer === said
      ? ''
      : `${url} did not answer the challenge, but ${response?.status ?? 'nothing'}`
  }

  return {
    challenge,
    /** The app's own address. */
    async connect(url: string, verifyToken: string): Promise<void> {
      const problem = await challenge(url, verifyToken)
      if (problem) throw new Error(problem)
      target = url
    },
    post,
    /** Resolves when the host has it, or at once while changes are held back. */
    async emit(...changes: readonly Change[]): Promise<void> {
      if (held) held.push(...changes)
      else if (addressOf(body(changes))) await track(insist(body(changes)))
    },
    hold: () => {
      held ??= []
    },
    async release({ order = 'given', batch = 1, copies = 1 }: Release = {}): Promise<void> {
      const changes = order === 'reversed' ? (held ?? []).toReversed() : (held ?? [])
      held = undefined
      for (let start = 0; start < changes.length; start += batch)
        for (let copy = 0; copy < copies; copy += 1) await insist(body(changes.slice(start, start + batch)))
    },
    /** Resolves when everything that was to be told has been told. */
    settled: async () => void (await Promise.all(underway))
  }

  async function track(call: Promise<void>): Promise<void> {
    underway.add(call)
    await call.finally(() => underway.delete(call))
  }
}

export type WebhookSender = ReturnType<typeof webhookSender>

export const seconds = (at: Date) => Math.floor(at.getTime() / 1_000)
