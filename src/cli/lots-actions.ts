import { setTimeout as delay } from 'node:timers/promises'
import { MILLISECONDS } from '../amounts.ts'
import { cancelLot } from '../lots/cancel.ts'
import { countEndedLots, type LotCounts, removeEndedLots } from '../lots/clean.ts'
import { type ListedLot, listLots, lotsById, troublesOf, unendedLots } from '../lots/list.ts'
import type { LotState } from '../lots/lot-state.ts'
import { seal } from '../lots/place.ts'
import { countRetries, retriesOf } from '../lots/retry.ts'
import { resumeLot } from '../lots/schedule.ts'
import { replayMessages } from '../messages/replay.ts'
import type { Database } from '../postgres/connect.ts'
import { bar, type CliAnswer, count, progress } from './answer.ts'
import { withDatabase } from './lent-database.ts'
import { withHost } from './lent-host.ts'
import { limitOf, nextPageHint, type PageOptions, pageOf } from './options.ts'
import { REPLAY_BATCH, replayInBatches } from './replay-progress.ts'
import { facts, shorten, table } from './table.ts'

const TITLES = ['id', 'registration', 'name', 'state', 'ref', 'messages', 'so far', 'begun', 'ended', 'reason']

export const lotsList = ({
  limit,
  after,
  state,
  registration: registrationId
}: PageOptions & { state?: LotState; registration?: number }) =>
  withDatabase(async ({ database }): Promise<CliAnswer> => {
    const found = await listLots(database, { state, registrationId }, { limit: limit + 1, after })
    const { rows, next } = pageOf(found, limit)
    return {
      data: { lots: rows, next },
      text: rows.length > 0 ? `${table(TITLES, rows.map(cells))}${nextPageHint(next)}` : count(0, 'lot')
    }
  })

const cells = (lot: ListedLot) => [
  lot.id,
  lot.registrationId,
  shorten(lot.name, 30),
  stateOf(lot),
  lot.ref,
  lot.items,
  countsOf(lot),
  lot.createdAt,
  lot.endedAt,
  shorten(lot.reason)
]

/** The state with its code of failure, or with the step whose outcome is unknown. */
const stateOf = ({ state, code, step }: ListedLot): string => {
  if (state === 'unknown') return `unknown (${step})`
  return state === 'failed' ? `failed (${code})` : state
}

const countsOf = ({ counts }: ListedLot): string =>
  Object.entries(counts)
    .map(([state, number]) => `${number} ${state}`)
    .join(', ')

/** A lot may have thousands of failed messages, and a few show the reason. */
const MAX_TROUBLES = 20

export const lotsShow = ({ lotId: id }: { lotId: number }): Promise<CliAnswer> =>
  withDatabase(async ({ database }) => {
    const [lot] = await listLots(database, { id }, { limit: 1 })
    if (!lot) throw new Error(`There is no lot ${id}.`)
    const troubles = await troublesOf(database, id, MAX_TROUBLES)
    const head = facts([
      ['lot', lot.id],
      ['registration', lot.registrationId],
      ['name', lot.name],
      ['state', stateOf(lot)],
      ['gateway ref', lot.ref],
      ['messages', lot.items],
      ['so far', countsOf(lot)],
      ['attempts', lot.attempts],
      ['reason', lot.reason],
      ['begun', lot.createdAt],
      ['collects until', lot.state === 'collecting' ? lot.sealsAt : null],
      ['opened', lot.openedAt],
      ['goes on', lot.endedAt ? null : lot.dueAt],
      ['ended', lot.endedAt]
    ])
    const rows = troubles.map(({ message, contact, state, reason }) => [message, contact, state, shorten(reason, 100)])
    return {
      data: { ...lot, troubles },
      text: rows.length > 0 ? `${head}\n\n${table(['message', 'contact', 'state', 'reason'], rows)}` : head
    }
  })

interface ProcessOptions {
  lotId?: number
  registration?: number
  forceClose?: boolean
}

const LOTS_POLL_MS = 200
/** A lot that waits for longer is left to the hosts: nobody watches a command for so long. */
const MAX_WATCHED_WAIT_MS = 15_000

/** Runs a host of the role `worker` until these lots have ended or wait; other hosts may work on them as well. */
export const lotsRun = ({ lotId, registration, forceClose = false }: ProcessOptions): Promise<CliAnswer> =>
  withHost({ worker: true }, async ({ database }, interrupted) => {
    if (lotId !== undefined && !forceClose) await refuseOpen(database, lotId)
    const ids = await unendedLots(database, { id: lotId, registrationId: registration, open: forceClose })
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
    throw new Error(`Lot ${id} collects until ${lot.sealsAt.toISOString()}. With --force-close it is closed now.`)
}

const begin = async ({ db }: Database, ids: readonly number[], forceClose: boolean): Promise<void> => {
  for (const id of ids)
    await db.transaction(async tx => {
      const now = new Date()
      if (forceClose) await seal(tx, id, now)
      await resumeLot(tx, id, now)
    })
}

/** Shows the progress of lots until each has ended or waits for more than MAX_WATCHED_WAIT_MS. */
async function follow(database: Database, ids: readonly number[], interrupted: AbortSignal): Promise<ListedLot[]> {
  for (;;) {
    const rows = ids.length > 0 ? await lotsById(database, ids) : []
    const under = rows.filter(isUnderWay)
    const [settled, all] = [settledIn(rows), rows.reduce((sum, { items }) => sum + items, 0)]
    progress(
      `${bar(settled, all)}  ${settled} of ${count(all, 'message')}, ${rows.length - under.length} of ${count(rows.length, 'lot')}`
    )
    if (under.length === 0 || interrupted.aborted) return rows
    await delay(LOTS_POLL_MS)
  }
}

const isUnderWay = ({ endedAt, dueAt }: ListedLot) =>
  endedAt === null && !(dueAt && dueAt.getTime() > Date.now() + MAX_WATCHED_WAIT_MS)

const settledIn = (rows: readonly ListedLot[]) =>
  rows.flatMap(({ counts: { waiting: _, ...settled } }) => Object.values(settled)).reduce((sum, one) => sum + one, 0)

function answerOf(rows: readonly ListedLot[]): CliAnswer {
  const bad = rows.filter(({ state }) => state === 'failed' || state === 'unknown')
  const waiting = rows.filter(({ endedAt }) => endedAt === null)
  const failure = [
    ...(bad.length > 0 ? [`${count(bad.length, 'lot')} failed.`] : []),
    ...(waiting.length > 0 ? [`${count(waiting.length, 'lot')} could not go on yet.`] : [])
  ].join(' ')
  const cells = rows.map(lot => [lot.id, stateOf(lot), lot.items, lot.endedAt ? null : lot.dueAt, shorten(lot.reason)])
  return {
    data: { lots: rows },
    text: rows.length > 0 ? table(['id', 'state', 'messages', 'goes on', 'reason'], cells) : 'No lot is due.',
    ...(failure ? { failure } : {})
  }
}

interface RetryOptions {
  lotId?: number
  registration?: number
  maxRetries: number
  dryRun?: boolean
}

export const lotsRetry = ({
  lotId,
  registration: registrationId,
  maxRetries,
  dryRun = false
}: RetryOptions): Promise<CliAnswer> =>
  withDatabase(async ({ database }, interrupted) => {
    if (lotId !== undefined) await refuseGoing(database, lotId)
    const wanted = { lotId, registrationId, maxRetries }
    return replayInBatches({
      ids: undefined,
      dryRun,
      interrupted,
      count: () => countRetries(database, wanted),
      batches: () => retriesOf(database, wanted, REPLAY_BATCH),
      replay: batch => replayMessages(database, batch, new Date()),
      describe: number => `${count(number, 'message')} of ${lotId === undefined ? 'lots that failed' : `lot ${lotId}`}`,
      left: ''
    })
  })

async function refuseGoing(database: Database, id: number): Promise<void> {
  const [lot] = await listLots(database, { id }, { limit: 1 })
  if (!lot) throw new Error(`There is no lot ${id}.`)
  if (!lot.endedAt) throw new Error(`Lot ${id} has not ended: it is ${lot.state}.`)
}

export const lotsCancel = ({ lotId: id }: { lotId: number }): Promise<CliAnswer> =>
  withDatabase(async ({ database }) => {
    const cancelled = await cancelLot(database, id, new Date())
    switch (cancelled.kind) {
      case 'none':
        throw new Error(`There is no lot ${id}.`)
      case 'late':
        throw new Error(`Lot ${id} is ${cancelled.state}: there is nothing to cancel any more.`)
      case 'busy':
        throw new Error(`A host is calling the gateway for lot ${id} at the moment. Try again.`)
      case 'cancelled':
        return {
          data: { id, rest: cancelled.rest },
          text: cancelled.rest
            ? `Cancelled the messages of lot ${id} that had not left. The others are at the gateway, and a host closes the lot there.`
            : `Cancelled lot ${id}. Its messages have failed, and the CRM gets their statuses.`
        }
    }
  })

export const lotsClean = ({ days, dryRun = false }: { days: number; dryRun?: boolean }): Promise<CliAnswer> =>
  withDatabase(async ({ database }, interrupted) => {
    const before = limitOf(days * MILLISECONDS.d)
    const found = await countEndedLots(database, before)
    const expected = sumOf(found)
    const removed = (number: number) => progress(`${bar(number, expected)}  removed ${count(number, 'lot')}`)
    const counts = dryRun ? found : await removeEndedLots(database, before, { interrupted, removed })
    progress('')
    const all = sumOf(counts)
    const kinds = Object.entries(counts).map(([state, number]) => `${number} ${state}`)
    return {
      data: { before, dryRun, lots: counts },
      text: `${dryRun ? 'Would remove' : 'Removed'} ${count(all, 'lot')}, ended before ${before.toISOString()}${kinds.length > 0 ? ` (${kinds.join(', ')})` : ''}.`
    }
  })

const sumOf = (counts: LotCounts) => Object.values(counts).reduce((sum, number) => sum + number, 0)
