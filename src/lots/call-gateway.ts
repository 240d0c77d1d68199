import { readLotOutcome } from 'channel-kit/answer'
import type { Lot, LotOutcome, Lots, OpenLot } from 'channel-kit/lots'
import { neverSent } from 'channel-kit/network'
import type { Tools } from 'channel-kit/tools'
import type { RuntimeOf } from '../delivery/send-attempt.ts'
import { sanitize, wordsOf } from '../postgres/sanitize-text.ts'

/** One call of a channel's verb for a lot. Never rejects: whatever goes wrong is an outcome. */

export type Ready = Exclude<Awaited<ReturnType<RuntimeOf>>, { unready: string }> & { lots: Lots<unknown, unknown> }
export type OpenedLot = Awaited<ReturnType<Lots<unknown, unknown>['open']>>
export type Added = Awaited<ReturnType<Lots<unknown, unknown>['add']>>
export type Closed = Awaited<ReturnType<Lots<unknown, unknown>['close']>>

export const opening = (ready: Ready, lot: Lot, deadline: AbortSignal) =>
  called<OpenedLot>('open', ready, tools => ready.lots.open(lot, tools), deadline)

export const adding = (ready: Ready, lot: OpenLot, items: readonly unknown[], deadline: AbortSignal) =>
  called<Added>('add', ready, tools => ready.lots.add(lot, items, tools), deadline)

export const closing = (ready: Ready, lot: OpenLot, deadline: AbortSignal) =>
  called<Closed>('close', ready, tools => ready.lots.close(lot, tools), deadline)

async function called<Answer>(
  name: 'open' | 'add' | 'close',
  { tools, sent }: Ready,
  verb: (tools: Tools<unknown, unknown>) => Promise<Answer>,
  deadline: AbortSignal
): Promise<Answer | LotOutcome<never>> {
  const failed = (reason: string): LotOutcome<never> => ({
    kind: sent() ? 'unknown' : 'retry',
    reason: sanitize(reason)
  })
  const late = new Promise<LotOutcome<never>>(resolve => {
    deadline.addEventListener('abort', () => resolve(failed('the channel did not answer in time')), { once: true })
  })
  const answered = Promise.try(() => verb(tools as Tools<unknown, unknown>))
    .then(answer => {
      const read = readLotOutcome<Answer>(name, answer)
      if ('value' in read) return read.value
      tools.log.error(
        { event: 'channel.invalid_answer', verb: `lots.${name}`, wrong: read.wrong },
        'channel answered no valid outcome for a lot'
      )
      return failed(`the channel answered what is no outcome: lots.${name}: ${read.wrong}`)
    })
    .catch((error: unknown): LotOutcome<never> => {
      tools.log.error({ event: 'channel.threw', reason: wordsOf(error) }, 'channel threw in a verb of lots')
      return neverSent(error) ? { kind: 'retry', reason: sanitize(wordsOf(error)) } : failed(wordsOf(error))
    })
  return Promise.race([answered, late])
}
