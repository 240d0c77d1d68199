import { setTimeout as delay } from 'node:timers/promises'
import { FORMATS } from 'channel-kit/chat'
import { Agent, request } from 'undici'
import { type Registered, registerAccount, tokenFor } from '../accounts.ts'
import type { Dice } from '../dice.ts'
import { answer, startServer } from '../server.ts'
import { makeKey } from '../tokens.ts'
import { HOSTILE } from './channel.ts'
import { createPoison } from './poison.ts'

/** A tenant beside the others that means harm: its agents, its gateway, its customers and its CRM. */

const ACCOUNT: Registered = { key: 'hostile-1', channel: HOSTILE, dedupes: true, repeats: true }
const COMPANY = { cid: '2' }
const SECRET = 'a secret of the hostile tenant'
const CONTACTS = 12
/** Between two posts, and between two webhooks: what the other accounts together post in a run. */
const EVERY_MS = 60
const PATIENCE_MS = 8_000
const JSON_BODY = { 'content-type': 'application/json' }

interface Parts {
  dice: Dice
  /** The address of a host, which may be down. */
  host: () => string
}

export async function startHostile({ dice, host }: Parts) {
  const poison = createPoison(dice)
  const agent = new Agent({ connections: 8 })
  const key = makeKey()
  const posts = { accepted: 0, refused: 0, unanswered: 0, webhooks: 0 }
  let webhookPath: string | undefined
  let calls = 0
  let stopped = false

  const server = await startServer(async call => {
    if (call.path === `/pkey/${key.pkey}`) return void call.response.end(key.pem)
    calls += 1
    const what = `hostile call ${calls}`
    if (call.path !== '/gateway') {
      // The answer of its CRM to a host's outbox item.
      await answer(call.response, dice.chance(0.5, what) ? 500 : 200, 'x'.repeat(200_000))
      return
    }
    webhookPath ??= new URL((JSON.parse(call.body) as { webhookUrl: string }).webhookUrl).pathname
    await answer(call.response, 200, poison.outcome(what), JSON_BODY)
  })
  const crm = { url: server.url, sign: key.sign }

  async function post(path: string, body: string): Promise<number> {
    const asked = { method: 'POST', dispatcher: agent, headers: JSON_BODY, body } as const
    return request(`${host()}${path}`, { ...asked, signal: AbortSignal.timeout(PATIENCE_MS) }).then(
      async taken => {
        await taken.body.dump()
        return taken.statusCode
      },
      () => 0
    )
  }

  function message(number: number): string {
    const id = `hostile ${number}`
    const contact = `contact ${dice.between(1, CONTACTS, id)}`
    const format = FORMATS[dice.between(0, FORMATS.length - 1, `format ${id}`)]
    const chat = { id: contact, contact, subject: null }
    const content = { text: poison.text(id), format }
    return JSON.stringify({
      request: tokenFor(crm, ACCOUNT, { ...COMPANY, body: { chat, message: { id, content, attachments: [] } } })
    })
  }

  async function postMessages(): Promise<void> {
    for (let number = 1; !stopped; number++) {
      const status = await post(`/${HOSTILE}/special/send`, message(number))
      posts[status === 202 ? 'accepted' : status === 0 ? 'unanswered' : 'refused'] += 1
      await delay(EVERY_MS)
    }
  }

  async function postWebhooks(): Promise<void> {
    for (let number = 1; !stopped; number++) {
      if (webhookPath) {
        await post(webhookPath, poison.received(`hostile webhook ${number}`))
        posts.webhooks += 1
      }
      await delay(EVERY_MS)
    }
  }

  const settings = { main: { url: `${server.url}gateway` } }
  await registerAccount(crm, ACCOUNT, { host: host(), secret: SECRET, settings, claims: COMPANY })
  const working = Promise.all([postMessages(), postWebhooks()])

  return {
    posts,
    /** Resolves when its last post is answered. What it has done by then is left to the hosts. */
    async stop(): Promise<void> {
      stopped = true
      await working
    },
    async close(): Promise<void> {
      stopped = true
      await agent.destroy()
      await working
      await server.close()
    }
  }
}

export type Hostile = Awaited<ReturnType<typeof startHostile>>
