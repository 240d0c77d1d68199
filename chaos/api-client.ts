import { setTimeout as delay } from 'node:timers/promises'
import { Agent, request } from 'undici'
import type { Conversation } from './driver.ts'
import type { Journal, Post, Suppressed } from './journal.ts'

/** A client of the API: posts bulk messages in batches, each until it is answered 200, and reads the feed of events. */

export const API_TOKEN = 'token-of-the-run-0123456789'

interface Parts {
  journal: Journal
  /** The address of a host, which may be down. */
  host: () => string
  /** The registration of an account. */
  registrationOf: (key: string) => number
}

interface ReadEvent {
  id: string
  type: string
  clientId?: string | null
  status?: string
}

const PATIENCE_MS = 10_000
const AGAIN_MS = 200
const WAIT_S = 1

export type ApiClient = ReturnType<typeof createApiClient>

export function createApiClient({ journal, host, registrationOf }: Parts) {
  const agent = new Agent({ connections: 10 })
  const events: ReadEvent[] = []
  let next = '0'
  let reading: Promise<void> | undefined
  let closing = false

  const ask = (path: string, body?: string) =>
    request(`${host()}/api/v1${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      dispatcher: agent,
      headers: { authorization: `Bearer ${API_TOKEN}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.timeout(PATIENCE_MS)
    }).then(
      async answer => ({ status: answer.statusCode, text: await answer.body.text() }),
      () => ({ status: 0, text: '' })
    )

  /** Posts one message to each conversation of an account, in one request. */
  async function post(
    key: string,
    conversations: readonly Conversation[],
    { name, more = {}, isGuarded = false }: { name: string; more?: object; isGuarded?: boolean }
  ): Promise<void> {
    const posts = conversations.map(({ account, contact }): Post => {
      const id = `${account.key} ${contact} ${name}`
      return { id, account, contact, at: journal.now(), answers: [], isItem: true, isGuarded }
    })
    journal.posts.push(...posts)
    const items = posts.map(({ id, contact }) => ({ id, contact, text: id, tellCrm: 'never', ...more }))
    await insist(key, 'messages', { items }, (status, text) =>
      note(posts, status, status === 200 ? resultsOf(text) : [])
    )
  }

  /** Asks until it is answered 200. */
  async function insist(key: string, what: string, body: object, heard: (status: number, text: string) => void) {
    for (let status = 0; status !== 200; ) {
      const answer = await ask(`/registrations/${registrationOf(key)}/${what}`, JSON.stringify(body))
      status = answer.status
      heard(status, answer.text)
      if (status !== 200) await delay(AGAIN_MS)
    }
  }

  function note(posts: readonly Post[], status: number, results: readonly string[]): void {
    for (const [index, one] of posts.entries()) {
      const isTaken = results[index] !== undefined && results[index] !== 'invalid'
      one.isUnwanted = results[index] === 'suppressed'
      one.answers.push(isTaken ? 202 : status)
      if (isTaken) one.acceptedAt ??= journal.now()
    }
  }

  /** Reads a page of the feed. Answers false where there was none to be had, or nothing in it. */
  async function read(wait: number): Promise<boolean> {
    const { status, text } = await ask(`/events?after=${next}&limit=500&wait=${wait}`)
    if (status !== 200) {
      await delay(AGAIN_MS)
      return false
    }
    const page = JSON.parse(text) as { events: ReadEvent[]; next: string }
    events.push(...page.events)
    next = page.next
    return page.events.length > 0
  }

  return {
    events,

    /** So many messages to each conversation, spread over a time. */
    async campaign(conversations: readonly Conversation[], from: number, count: number, spreadMs: number) {
      const byAccount = Map.groupBy(conversations, ({ account }) => account.key)
      for (let number = from; number < from + count; number++) {
        await delay(spreadMs / (count + 1))
        const how = { name: `bulk ${number}`, more: { purpose: 'marketing' } }
        await Promise.all([...byAccount].map(([key, some]) => post(key, some, how)))
      }
    },

    /** Suppresses contacts for marketing. */
    async suppress(conversations: readonly Conversation[]): Promise<void> {
      const asked = conversations.map(
        ({ account, contact }): Suppressed => ({ account, contact, askedAt: journal.now() })
      )
      journal.suppressed.push(...asked)
      await Promise.all(
        [...Map.groupBy(asked, ({ account }) => account.key)].map(async ([key, some]) => {
          const body = { contacts: some.map(({ contact }) => contact), purpose: 'marketing' }
          await insist(key, 'suppressions', body, () => {})
          for (const one of some) one.at = journal.now()
        })
      )
    },

    /** A message to each contact that an agent has written to, which is not to go beside him. */
    async interrupt(conversations: readonly Conversation[], number: number): Promise<void> {
      const written = new Set(
        journal.posts.flatMap(({ isItem, acceptedAt, account, contact }) =>
          isItem || acceptedAt === undefined ? [] : [`${account.key} ${contact}`]
        )
      )
      const some = conversations.filter(({ account, contact }) => written.has(`${account.key} ${contact}`))
      const how = { name: `beside ${number}`, more: { class: 'normal', ifNotHeld: true }, isGuarded: true }
      await Promise.all([...Map.groupBy(some, ({ account }) => account.key)].map(([key, some]) => post(key, some, how)))
    },

    follow(): void {
      reading = (async () => {
        while (!closing) await read(WAIT_S)
      })()
    },

    /** Reads to the end. */
    async finish(): Promise<void> {
      closing = true
      await reading
      while (await read(0));
    },

    async close(): Promise<void> {
      closing = true
      await agent.destroy()
      await reading
    }
  }
}

const resultsOf = (text: string) =>
  (JSON.parse(text) as { results: { result: string }[] }).results.map(({ result }) => result)
