import type { Lot, LotOutcome, Lots, OpenLot } from 'channel-kit/lots'
import { neverSent } from 'channel-kit/network'
import type { Tools } from 'channel-kit/tools'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { plain, wordsOf } from '../database/text.ts'
import type { MakeReady } from '../messages/send.ts'

/** One call of a channel's verb for a lot. Never rejects: whatever goes wrong is an outcome. */

export type Ready = Exclude<Awaited<ReturnType<MakeReady>>, { unready: string }> & { lots: Lots<unknown, unknown> }
export type Opened = Awaited<ReturnType<Lots<unknown, unknown>['open']>>
export type Added = Awaited<ReturnType<Lots<unknown, unknown>['add']>>
export type Closed = Awaited<ReturnType<Lots<unknown, unknown>['close']>>

export const opening = (ready: Ready, lot: Lot, deadline: AbortSignal) =>
  called<Opened>(ready, tools => ready.lots.open(lot, tools), deadline)

export const adding = (ready: Ready, lot: OpenLot, items: readonly unknown[], deadline: AbortSignal) =>
  called<Added>(ready, tools => ready.lots.add(lot, items, tools), deadline)

export const closing = (ready: Ready, lot: OpenLot, deadline: AbortSignal) =>
  called<Closed>(ready, tools => ready.lots.close(lot, tools), deadline)

async function called<Answer>(
  { tools, sent }: Ready,
  verb: (tools: Tools<unknown, unknown>) => Promise<Answer>,
  deadline: AbortSignal
): Promise<Answer | LotOutcome<never>> {
  const failed = (reason: string): LotOutcome<never> => ({ kind: sent() ? 'unknown' : 'retry', reason: plain(reason) })
  const late = new Promise<LotOutcome<never>>(resolve => {
    deadline.addEventListener('abort', () => resolve(failed('the channel did not answer in time')), { once: true })
  })
  const answered = Promise.try(() => verb(tools as Tools<unknown, unknown>))
    .then(answer => (known.Check(answer) ? answer : failed('the channel answered what is no outcome')))
    .catch((error: unknown): LotOutcome<never> => {
      tools.log.error({ reason: wordsOf(error) }, 'the channel threw while it worked on a lot')
      return neverSent(error) ? { kind: 'retry', reason: plain(wordsOf(error)) } : failed(wordsOf(error))
    })
  return Promise.race([answered, late])
}

const Text = Type.String()
const Milliseconds = Type.Number({ minimum: 0 })
const known = Compile(
  Type.Union([
    Type.Object({ kind: Type.Literal('opened'), ref: Text }),
    Type.Object({ kind: Type.String({ enum: ['added', 'closed'] }) }),
    Type.Object({ kind: Type.String({ enum: ['rejected', 'refused', 'unknown'] }), reason: Text }),
    Type.Object({ kind: Type.Literal('retry'), reason: Text, afterMs: Type.Optional(Milliseconds) }),
    Type.Object({ kind: Type.Literal('throttled'), reason: Text, afterMs: Milliseconds })
  ])
)
