import type { Channel } from 'channel-kit/channel'
import type { Lot } from 'channel-kit/lots'
import type { Tools } from 'channel-kit/tools'
import { headersOf, type Marks } from './marks.ts'

/** A channel as it is, but that its calls say in whose name they are made, and that it waits for less long. */

/** Runs last minutes, in which gateways and customers have no hours. */
const LATER_MS = 500
/** Longer than a host or a database is away most times. */
const CONFIRMS_MS = 6_000

/** `host`: which life of which host this is. */
export function observeChannel({ send, lots, ...channel }: Channel, host: string): Channel {
  const marked = (tools: Tools, marks: Partial<Marks>): Tools => ({
    ...tools,
    fetch: (input, init = {}) => {
      const headers = new Headers(init.headers)
      const added = headersOf({ host, webhookUrl: tools.webhookUrl, ...marks })
      for (const [name, value] of Object.entries(added)) headers.set(name, value)
      return tools.fetch(input, { ...init, headers: Object.fromEntries(headers) })
    }
  })
  const inLot = (tools: Tools, { id }: Lot) => marked(tools, { lot: id })

  return {
    ...channel,
    ...(channel.confirmsMs === undefined ? {} : { confirmsMs: CONFIRMS_MS }),
    async send(message, tools) {
      const { attempt, contact, content } = message
      const marks = { attempt, contact, message: content?.text ?? '' }
      return hurried(await send(message, marked(tools, marks)))
    },
    ...(lots && {
      lots: {
        ...lots,
        open: async (lot, tools) => hurried(await lots.open(lot, inLot(tools, lot))),
        add: async (lot, items, tools) => hurried(await lots.add(lot, items, inLot(tools, lot))),
        close: async (lot, tools) => hurried(await lots.close(lot, inLot(tools, lot)))
      }
    })
  }
}

function hurried<Outcome extends { kind: string; afterMs?: number; awaitMs?: number }>(outcome: Outcome): Outcome {
  const { afterMs, awaitMs } = outcome
  return {
    ...outcome,
    ...(afterMs === undefined ? {} : { afterMs: Math.min(afterMs, LATER_MS) }),
    ...(awaitMs === undefined ? {} : { awaitMs: Math.min(awaitMs, CONFIRMS_MS) })
  }
}
