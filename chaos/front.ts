import { setTimeout as delay } from 'node:timers/promises'
import type { Conduct, Reporting } from './conduct.ts'
import type { Dice } from './dice.ts'
import type { Answer, Gateway, Processed, Sent } from './gateways/gateway.ts'
import type { Arrival, Exchange, Journal, LotCall } from './journal.ts'
import { type Marks, marksOf } from './marks.ts'
import type { Reporter } from './reporter.ts'
import { answer, type Call, hang, reset, startServer } from './server.ts'

/** The proxy in front of a gateway: it forwards calls, or refuses them, or forwards them and denies it, or says nothing. */

interface Parts {
  journal: Journal
  conduct: Conduct
  dice: Dice
  reporter: Reporter
  gateway: Gateway
}

/** A call, with what the journal has of it. */
interface Taken {
  sent: Sent
  call: Call
  arrivals: readonly Arrival[]
  all: readonly Exchange[]
  conduct: Exchange['conduct']
  /** For the dice. */
  what: string
}

/** Longer than a host waits. */
const HANG_MS = 20_000
/** How long an early report goes ahead of the answer. */
const EARLY_MS = 200

/** Writes down what a call led to, and answers whether the gateway took it in. */
function note({ arrivals, all }: Taken, { answer, ref, foreseen }: Processed): boolean {
  const processed = answer.said === 'accepted'
  for (const one of all) Object.assign(one, { processed }, ref === undefined ? {} : { ref })
  if (processed && foreseen) for (const arrival of arrivals) arrival.foreseen = foreseen
  return processed
}

export const startFront = ({ journal, conduct, dice, reporter, gateway }: Parts) => {
  const { words } = gateway
  const seen = new Map<string, number>()

  function take(call: Call, sent: Sent, { host, attempt, webhookUrl }: Marks): Taken {
    const { account, name, messages, lot, spared = [] } = sent
    reporter.learn(account.key, webhookUrl)
    const number = (seen.get(name) ?? 0) + 1
    seen.set(name, number)
    const what = `${name} ${number}`
    const chosen = conduct.gateway(what)
    const how = spared.some(one => one === chosen) ? 'well' : chosen
    const common: Exchange = { account, host, at: journal.now(), conduct: how, processed: false, said: 'nothing' }
    const arrivals = messages.map((message): Arrival => ({ ...common, ...message, attempt }))
    const calls = lot ? [{ ...common, ...lot } satisfies LotCall] : []
    journal.arrivals.push(...arrivals)
    journal.lotCalls.push(...calls)
    return { sent, call, arrivals, all: [...arrivals, ...calls], conduct: how, what }
  }

  /** Has the gateway take it in, and answers what that says. */
  async function process(taken: Taken): Promise<Answer> {
    const done = await taken.sent.process()
    if (note(taken, done) && report(taken, done) === 'early') await delay(EARLY_MS)
    return done.answer
  }

  function report({ arrivals, what }: Taken, { ref, quiet }: Processed): Reporting | undefined {
    const [arrival] = arrivals
    if (!arrival || ref === undefined || quiet) return undefined
    const { account, contact, id } = arrival
    return reporter.report({ account, contact, id, ref, what })
  }

  async function say({ call, all }: Taken, { status, headers, body, said }: Answer): Promise<void> {
    if (await answer(call.response, status, body, headers))
      for (const one of all) Object.assign(one, { said, answeredAt: journal.now() })
  }

  return startServer(async call => {
    const marks = marksOf(call.request.headers)
    const sent = gateway.read(call, marks)
    if (!sent) {
      const { status, headers, body } = await gateway.pass(call)
      return void (await answer(call.response, status, body, headers))
    }
    const taken = take(call, sent, marks)
    const { what } = taken
    const ms = dice.between(20, 400, `busy ${what}`)
    switch (taken.conduct) {
      case 'slow':
        await delay(dice.between(50, 600, what))
        return say(taken, await process(taken))
      case 'well':
        return say(taken, await process(taken))
      case 'throttles':
        return say(taken, words.throttles(dice.between(100, 500, what)))
      case 'busy':
        return say(taken, words.busy(ms))
      case 'lies':
        await process(taken)
        return say(taken, words.busy(ms))
      case 'rejects':
        return say(taken, words.rejects(ms))
      case 'fails after':
        await process(taken)
        return say(taken, words.fails(ms))
      case 'fails before':
        return say(taken, words.fails(ms))
      case 'resets after':
        await process(taken)
        return void reset(call)
      case 'resets before':
        return void reset(call)
      case 'hangs after':
        await process(taken)
        return hang(call, HANG_MS)
      case 'hangs before':
        return hang(call, HANG_MS)
    }
  })
}
