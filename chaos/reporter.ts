import { setTimeout as delay } from 'node:timers/promises'
import type { Status } from 'channel-kit/chat'
import { Agent, request } from 'undici'
import type { Conduct, Reporting } from './conduct.ts'
import type { Dice } from './dice.ts'
import type { Letter, Reports } from './gateways/gateway.ts'
import type { Account, Journal, Report } from './journal.ts'

/** The gateway's webhooks on their way: statuses in any order and more than once, and what customers write. */

interface Parts {
  journal: Journal
  conduct: Conduct
  dice: Dice
  /** Reports, for gateways that make any. */
  reports: Reports | undefined
  /** The address of a host, which may be down. */
  host: () => string
}

interface Processed {
  account: Account
  contact: string
  id: string
  ref: string
  /** For the dice. */
  what: string
}

export type Reporter = ReturnType<typeof createReporter>

/** Calls that are tried at the same time, the others waiting for them. */
const AT_ONCE = 40
const PATIENCE_MS = 5_000
const AGAIN_MS = 250

export function createReporter({ journal, conduct, dice, reports, host }: Parts) {
  const webhooks = new Map<string, string>()
  const conversations = new Map<string, Promise<void>>()
  const agent = new Agent({ connections: AT_ONCE })
  const under = new Set<Promise<void>>()
  let free = AT_ONCE
  const waiting: (() => void)[] = []
  let closed = false

  /** Calls until a host takes it, as gateways do, or the run is over. */
  async function deliver(report: Report, letter: Letter): Promise<void> {
    if (free === 0) await new Promise<void>(resolve => waiting.push(resolve))
    else free -= 1
    while (!closed) {
      const status = await post(report.account, letter)
      report.answers.push(status)
      if (status === 200) {
        report.ackedAt ??= journal.now()
        break
      }
      await delay(AGAIN_MS)
    }
    const next = waiting.shift()
    if (next) next()
    else free += 1
  }

  async function post({ key }: Account, { headers, body }: Letter): Promise<number> {
    try {
      const { statusCode, body: answer } = await request(`${host()}${webhooks.get(key)}`, {
        method: 'POST',
        dispatcher: agent,
        headers,
        body,
        signal: AbortSignal.timeout(PATIENCE_MS)
      })
      await answer.dump()
      return statusCode
    } catch {
      return 0
    }
  }

  async function status({ account, ref, id }: Processed, { status: write }: Reports, status: Status, times = 1) {
    const letter = await write(account, ref, status)
    const report: Report = { account, id, ref, status, answers: [] }
    journal.reports.push(report)
    await Promise.all(Array.from({ length: times }, () => deliver(report, letter)))
  }

  async function statuses(processed: Processed, from: Reports, how: Reporting): Promise<void> {
    if (how !== 'early') await delay(dice.between(20, 300, `report ${processed.what}`))
    const steps = dice.chance(0.1, `fails ${processed.what}`) ? from.steps.badly : from.steps.well
    for (const step of how === 'reversed' ? steps.toReversed() : steps)
      await status(processed, from, step, how === 'twice' ? 2 : 1)
    if (how !== 'late') return
    await delay(dice.between(500, 2_000, `late ${processed.what}`))
    await status(processed, from, steps[0] as Status)
  }

  /** After what came before it in the conversation, as order means nothing otherwise. */
  async function reply({ account, contact, ref }: Processed, { written }: Reports, how: Reporting): Promise<void> {
    const text = `reply to ${account.key} ${ref}`
    const letter = await written(account, contact, text)
    const report: Report = { account, contact, text, answers: [] }
    journal.reports.push(report)
    await Promise.all(Array.from({ length: how === 'twice' ? 2 : 1 }, () => deliver(report, letter)))
    if (how === 'late') track(delay(1_000).then(() => deliver(report, letter)))
  }

  function track(work: Promise<void>): void {
    const tracked = work.finally(() => under.delete(tracked))
    under.add(tracked)
  }

  return {
    learn: (account: string, webhookUrl: string) => webhooks.set(account, new URL(webhookUrl).pathname),

    /** Begins to report on a message, and says how. */
    report(processed: Processed): Reporting {
      const how = conduct.reporting(processed.what)
      if (!reports) return how
      track(statuses(processed, reports, how))
      if (dice.chance(0.4, `reply ${processed.what}`)) {
        const key = `${processed.account.key} ${processed.contact}`
        const before = conversations.get(key) ?? Promise.resolve()
        const told = before.then(() => reply(processed, reports, how))
        conversations.set(key, told)
        track(told)
      }
      return how
    },

    /** How many reports no host has taken yet. */
    pending: () => under.size,
    close() {
      closed = true
      return agent.destroy()
    }
  }
}
