import { setTimeout as delay } from 'node:timers/promises'
import { goingLots, type ListedLot, listLots, lotsById } from '../lots/list.ts'
import { goOnNow, seal } from '../lots/seal.ts'
import type { Database } from '../postgres/connect.ts'
import { bar, type CliAnswer, count, progress } from './answer.ts'
import { withHost } from './lent-host.ts'
import { stateOf } from './lots-list.ts'
import { shortly, table } from './table.ts'

interface Options {
  lotId?: number
  registration?: number
  forceClose?: boolean
}

const LOOK_MS = 200

/** A host of the role `worker` for as long as these lots go on, beside others that may do the same. */
export const lotsRun = ({ lotId, registration, forceClose = false }: Options): Promise<CliAnswer> =>
  withHost({ worker: true }, async ({ database }, interrupted) => {
    if (lotId !== undefined && !forceClose) await refuseOpen(database, lotId)
    const ids = await goingLots(database, { id: lotId, registrationId: registration, open: forceClose })
    await begin(database, ids, forceClose)
    try {
      return answerOf(await follow(database, ids, interrupted))
    } finally {
      progress('')
    }
  })

async function refuseOpen(database: Database, id: number): Promise<void> {
  const [lot] = await listLots(database, { id }, { limit: 1 })
  if (!lot) throw new Error(`There is no lot ${id}.`)
  if (lot.state === 'collecting' && lot.sealsAt > new Date())
    throw new Error(`Lot ${id} gathers until ${lot.sealsAt.toISOString()}. With --force-close it is closed now.`)
}

const begin = async ({ db }: Database, ids: readonly number[], forceClose: boolean): Promise<void> => {
  for (const id of ids)
    await db.transaction(async tx => {
      const now = new Date()
      if (forceClose) await seal(tx, id, now)
      await goOnNow(tx, id, now)
    })
}

/** Until each has ended, or waits for longer than anybody watches. */
async function follow(database: Database, ids: readonly number[], interrupted: AbortSignal): Promise<ListedLot[]> {
  for (;;) {
    const rows = ids.length > 0 ? await lotsById(database, ids) : []
    const under = rows.filter(isUnderWay)
    const [settled, all] = [settledIn(rows), rows.reduce((sum, { items }) => sum + items, 0)]
    progress(
      `${bar(settled, all)}  ${settled} of ${count(all, 'message')}, ${rows.length - under.length} of ${count(rows.length, 'lot')}`
    )
    if (under.length === 0 || interrupted.aborted) return rows
    await delay(LOOK_MS)
  }
}

const STOP_GIVE_UP_MS = 15_000

const isUnderWay = ({ endedAt, dueAt }: ListedLot) =>
  endedAt === null && !(dueAt && dueAt.getTime() > Date.now() + STOP_GIVE_UP_MS)

const settledIn = (rows: readonly ListedLot[]) =>
  rows.flatMap(({ counts: { waiting: _, ...settled } }) => Object.values(settled)).reduce((sum, one) => sum + one, 0)

function answerOf(rows: readonly ListedLot[]): CliAnswer {
  const bad = rows.filter(({ state }) => state === 'failed' || state === 'unknown')
  const waiting = rows.filter(({ endedAt }) => endedAt === null)
  const failure = [
    ...(bad.length > 0 ? [`${count(bad.length, 'lot')} failed.`] : []),
    ...(waiting.length > 0 ? [`${count(waiting.length, 'lot')} could not go on yet.`] : [])
  ].join(' ')
  const cells = rows.map(lot => [lot.id, stateOf(lot), lot.items, lot.endedAt ? null : lot.dueAt, shortly(lot.reason)])
  return {
    data: { lots: rows },
    text: rows.length > 0 ? table(['id', 'state', 'messages', 'goes on', 'reason'], cells) : 'No lot is due.',
    ...(failure ? { failure } : {})
  }
}
