import { setTimeout as delay } from 'node:timers/promises'
import type { Status } from 'channel-kit/chat'
import type { GatewayEvent } from 'channel-kit/event'
import { Agent, request } from 'undici'
import { incomingEvent, SIGNATURE, sign } from './channel.ts'
import type { Conduct, Reporting } from './conduct.ts'
import type { Dice } from './dice.ts'
import type { Account, Journal, Report } from './journal.ts'

/** What the gateway reports by webhooks: statuses in any order and more than once, and what customers write. */

interface Parts {
  journal: Journal
  conduct: Conduct
  dice: Dice
  secret: string
  /** The address of a host, which may be down. */
  host: () => string
}

interface Processed {
  account: Account
  contact: string
  id: string
  ref: string
}

export type Reporter = ReturnType<typeof createReporter>

/** Calls that are tried at the same time, the others waiting for them. */
const AT_ONCE = 40
const PATIENCE_MS = 5_000
const AGAIN_MS = 250

export function createReporter({ journal, conduct, dice, secret, host }: Parts) {
  const webhooks = new Map<string, string>()
  const conversations = new Map<string, Promise<void>>()
  const agent = new Agent({ connections: AT_ONCE })
  const under = new Set<Promise<void>>()
  let free = AT_ONCE
  const waiting: (() => void)[] = []

  /** Calls until a host takes it, as gateways do. */
  async function deliver(report: Report, event: GatewayEvent): Promise<void> {
    if (free === 0) await new Promise<void>(resolve => waiting.push(resolve))
    else free -= 1
    for (;;) {
      const status = await post(report.account, [event])
      report.answers.push(status)
      if (status === 200) break
      await delay(AGAIN_MS)
    }
    report.ackedAt ??= journal.now()
    const next = waiting.shift()
    if (next) next()
    else free += 1
  }

  async function post({ key }: Account, events: readonly GatewayEvent[]): Promise<number> {
    const body = JSON.stringify(events)
    try {
      const { statusCode, body: answer } = await request(`${host()}${webhooks.get(key)}`, {
        method: 'POST',
        dispatcher: agent,
        headers: { 'content-type': 'application/json', [SIGNATURE]: sign(secret, body) },
        body,
        signal: AbortSignal.timeout(PATIENCE_MS)
      })
      await answer.dump()
      return statusCode
    } catch {
      return 0
    }
  }

  async function status({ account, ref }: Processed, status: Status, times = 1): Promise<void> {
    const report: Report = { account, ref, status, answers: [] }
    journal.reports.push(report)
    await Promise.all(Array.from({ length: times }, () => deliver(report, { kind: 'status', ref, status })))
  }

  async function statuses(processed: Processed, how: Reporting): Promise<void> {
    if (how !== 'early') await delay(dice.between(20, 300, `report ${processed.ref}`))
    const steps: Status[] = dice.chance(0.1, `fails ${processed.ref}`)
      ? ['sent', 'error']
      : ['sent', 'delivered', 'read']
    for (const step of how === 'reversed' ? steps.toReversed() : steps)
      await status(processed, step, how === 'twice' ? 2 : 1)
    if (how !== 'late') return
    await delay(dice.between(500, 2_000, `late ${processed.ref}`))
    await status(processed, 'sent')
  }

  /** After what came before it in the conversation, as order means nothing otherwise. */
  async function reply({ account, contact, ref }: Processed, how: Reporting): Promise<void> {
    const text = `reply to ${ref}`
    const report: Report = { account, contact, text, answers: [] }
    journal.reports.push(report)
    const event = incomingEvent(contact, text)
    await Promise.all(Array.from({ length: how === 'twice' ? 2 : 1 }, () => deliver(report, event)))
    if (how === 'late') track(delay(1_000).then(() => deliver(report, event)))
  }

  function track(work: Promise<void>): void {
    const tracked = work.finally(() => under.delete(tracked))
    under.add(tracked)
  }

  return {
    learn: (account: string, webhookUrl: string) => webhooks.set(account, new URL(webhookUrl).pathname),

    /** Begins to report on a message, and says how. */
    report(processed: Processed): Reporting {
      const how = conduct.reporting(processed.id)
      track(statuses(processed, how))
      if (dice.chance(0.4, `reply ${processed.ref}`)) {
        const key = `${processed.account.key} ${processed.contact}`
        const before = conversations.get(key) ?? Promise.resolve()
        const told = before.then(() => reply(processed, how))
        conversations.set(key, told)
        track(told)
      }
      return how
    },

    /** How many reports no host has taken yet. */
    pending: () => under.size,
    close: () => agent.destroy()
  }
}
