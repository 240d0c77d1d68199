import { setTimeout as delay } from 'node:timers/promises'
import type { Status } from 'channel-kit/chat'
import type { GatewayAnswer, GatewayCall } from './channel.ts'
import type { Conduct } from './conduct.ts'
import type { Dice } from './dice.ts'
import type { Account, Arrival, Journal } from './journal.ts'
import type { Reporter } from './reporter.ts'
import { answer, type Call, hang, reset, startServer } from './server.ts'

/** The gateway: takes messages, or does not, or does and says that it does not, or says nothing. */

interface Parts {
  journal: Journal
  conduct: Conduct
  dice: Dice
  reporter: Reporter
  accountOf: (key: string) => Account
}

/** Longer than a host waits. */
const HANG_MS = 20_000
/** How long an early report goes ahead of the answer. */
const EARLY_MS = 200
const FORESEEN: readonly Status[] = ['sent', 'delivered']

export const startGateway = ({ journal, conduct, dice, reporter, accountOf }: Parts) => {
  const seen = new Map<string, number>()
  const processed = new Map<string, string>()
  let refs = 0

  function arrive(call: GatewayCall): Arrival {
    const { text: id, contact, host, attempt } = call
    const number = (seen.get(id) ?? 0) + 1
    seen.set(id, number)
    const account = accountOf(call.account)
    const chosen = conduct.gateway(`${id} ${number}`)
    const known = account.channel === 'dedupes' && processed.has(id)
    const arrival: Arrival = {
      id,
      account,
      contact,
      host,
      attempt,
      at: journal.now(),
      // What it has taken it does not reject when it comes again.
      conduct: chosen === 'rejects' && known ? 'well' : chosen,
      processed: false,
      said: 'nothing'
    }
    journal.arrivals.push(arrival)
    return arrival
  }

  /** Takes the message in, and answers what it says about it when it says anything. */
  async function process(arrival: Arrival): Promise<GatewayAnswer> {
    arrival.processed = true
    const { id, account } = arrival
    const known = account.channel === 'dedupes' ? processed.get(id) : undefined
    refs += known ? 0 : 1
    const ref = known ?? `ref-${refs}`
    arrival.ref = ref
    if (dice.chance(0.1, `foreseen ${id}`)) {
      arrival.foreseen = FORESEEN
      processed.set(id, ref)
      return { kind: 'accepted', ref, foreseen: FORESEEN }
    }
    if (!known) {
      processed.set(id, ref)
      const isEarly = reporter.report({ account, contact: arrival.contact, id, ref }) === 'early'
      if (isEarly) await delay(EARLY_MS)
    }
    return { kind: 'accepted', ref }
  }

  const say = async (arrival: Arrival, { response }: Call, status: number, body: GatewayAnswer | object) => {
    const said = { accepted: 'accepted', rejected: 'rejected', busy: 'not processed', throttled: 'not processed' }
    const kind = 'kind' in body ? said[body.kind as keyof typeof said] : 'failed'
    if (await answer(response, status, body)) arrival.said = kind as Arrival['said']
  }

  const wait = (what: string): GatewayAnswer => ({ kind: 'busy', afterMs: dice.between(20, 400, `busy ${what}`) })

  return startServer(async call => {
    const sent = JSON.parse(call.body) as GatewayCall
    reporter.learn(sent.account, sent.webhookUrl)
    const arrival = arrive(sent)
    const what = `${sent.text} ${arrival.attempt}`
    switch (arrival.conduct) {
      case 'slow':
        await delay(dice.between(50, 600, what))
        return say(arrival, call, 200, await process(arrival))
      case 'well':
        return say(arrival, call, 200, await process(arrival))
      case 'throttles':
        return say(arrival, call, 429, { kind: 'throttled', afterMs: dice.between(100, 500, what) })
      case 'busy':
        return say(arrival, call, 429, wait(what))
      case 'lies':
        await process(arrival)
        return say(arrival, call, 429, wait(what))
      case 'rejects':
        return say(arrival, call, 422, { kind: 'rejected' })
      case 'fails after':
        await process(arrival)
        return say(arrival, call, 500, {})
      case 'fails before':
        return say(arrival, call, 500, {})
      case 'resets after':
        await process(arrival)
        return void reset(call)
      case 'resets before':
        return void reset(call)
      case 'hangs after':
        await process(arrival)
        return hang(call, HANG_MS)
      case 'hangs before':
        return hang(call, HANG_MS)
    }
  })
}
