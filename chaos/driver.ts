import { setTimeout as delay } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { tokenFor } from './accounts.ts'
import type { Crm } from './crm.ts'
import type { Dice } from './dice.ts'
import type { Account, Journal, Post } from './journal.ts'

/** Posts messages as the CRM does: in a conversation one after the other, each until it is answered 202. */

interface Parts {
  journal: Journal
  dice: Dice
  crm: Pick<Crm, 'sign' | 'url'>
  /** The address of a host, which may be down. */
  host: () => string
}

export interface Conversation {
  account: Account
  contact: string
}

/** As long as a CRM waits. */
const PATIENCE_MS = 10_000
const AGAIN_MS = 200
/** The same message posted to two hosts at once. */
const TWICE = 0.05

export function createDriver({ journal, dice, crm, host }: Parts) {
  const agent = new Agent({ connections: 60 })

  async function post(one: Post, body: string): Promise<boolean> {
    const status = await request(`${host()}/${one.account.channel}/special/send`, {
      method: 'POST',
      dispatcher: agent,
      headers: { 'content-type': 'application/json' },
      body,
      signal: AbortSignal.timeout(PATIENCE_MS)
    }).then(
      async answer => {
        await answer.body.dump()
        return answer.statusCode
      },
      () => 0
    )
    one.answers.push(status)
    if (status === 202) one.acceptedAt ??= journal.now()
    return status === 202
  }

  async function send({ account, contact }: Conversation, id: string): Promise<void> {
    const one: Post = { id, account, contact, at: journal.now(), answers: [] }
    journal.posts.push(one)
    const chat = { id: contact, contact, subject: null }
    const message = { id, content: { text: id, format: 'text' }, attachments: [] }
    const body = JSON.stringify({ request: tokenFor(crm, account, { body: { chat, message } }) })

    const times = dice.chance(TWICE, `twice ${id}`) ? 2 : 1
    while (!(await Promise.all(Array.from({ length: times }, () => post(one, body)))).includes(true))
      await delay(AGAIN_MS)
  }

  return {
    /** `count` messages of a conversation, spread over a time. `from`: the number of the first. */
    async converse(conversation: Conversation, from: number, count: number, spreadMs: number): Promise<void> {
      const { account, contact } = conversation
      for (let index = from; index < from + count; index++) {
        const id = `${account.key} ${contact} ${index}`
        await delay(dice.roll(`pause ${id}`) * 2 * (spreadMs / (count + 1)))
        await send(conversation, id)
      }
    },
    close: () => agent.destroy()
  }
}
