import type { Lot, LotOutcome, Lots, OpenLot } from 'channel-kit/lots'
import type { Outcome } from 'channel-kit/outcome'
import type { Tools } from 'channel-kit/tools'
import { callChannel, type ReadyChannel } from '../channels/call-channel.ts'
import { type LotOutcomes, type LotVerb, lotOutcomeOf } from '../channels/contract.ts'

/** Calls of a channel's verbs for a lot. They never reject: a throw and a missed deadline are outcomes. */

export type LotChannel = ReadyChannel & {
  lots: Lots<unknown, unknown>
  /** Counts a call that has ended. */
  counted: (outcome: Outcome['kind'], seconds: number) => void
}

/** Outcomes of calls for lots as those of attempts. */
const AS_OUTCOME = {
  opened: 'accepted',
  added: 'accepted',
  closed: 'accepted',
  refused: 'rejected',
  rejected: 'rejected',
  retry: 'retry',
  throttled: 'throttled',
  unknown: 'unknown'
} as const

export const openLot = (target: LotChannel, lot: Lot, deadline: AbortSignal) =>
  callVerb('open', target, tools => target.lots.open(lot, tools), deadline)

export const addToLot = (target: LotChannel, lot: OpenLot, items: readonly unknown[], deadline: AbortSignal) =>
  callVerb('add', target, tools => target.lots.add(lot, items, tools), deadline)

export const closeLot = (target: LotChannel, lot: OpenLot, deadline: AbortSignal) =>
  callVerb('close', target, tools => target.lots.close(lot, tools), deadline)

async function callVerb<Verb extends LotVerb>(
  verb: Verb,
  target: LotChannel,
  call: (tools: Tools<unknown, unknown>) => Promise<unknown>,
  deadline: AbortSignal
): Promise<LotOutcomes[Verb] | LotOutcome<never>> {
  const { tools, sent } = target
  const startedAt = performance.now()
  const called = await callChannel(
    `lots.${verb}`,
    target,
    async () => lotOutcomeOf(verb, await call(tools as Tools<unknown, unknown>), { log: tools.log, sent }),
    deadline
  )
  const outcome = called.kind === 'answered' ? called.answer : called.outcome
  target.counted(AS_OUTCOME[outcome.kind], (performance.now() - startedAt) / 1_000)
  return outcome
}
