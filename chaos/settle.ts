import { setTimeout as delay } from 'node:timers/promises'
import type { Database } from '../src/postgres/connect.ts'
import type { ApiClient } from './api-client.ts'
import type { Gateway } from './gateways/gateway.ts'
import type { Journal } from './journal.ts'
import { allSettled, answersRight, crmHeardRight, hostsLive, silencesOvercome } from './ledger/conduct.ts'
import type { Entry } from './ledger/entry.ts'
import { excusesOf } from './ledger/excuses.ts'
import { feedRead, itemsTold } from './ledger/feed.ts'
import { incomingInOrder, incomingOnce } from './ledger/incoming-messages.ts'
import { lotsKept } from './ledger/lots.ts'
import { inOrder, noneLost } from './ledger/outgoing-messages.ts'
import { repeatsExplained } from './ledger/repeats.ts'
import { leftOver, readRows } from './ledger/rows.ts'
import { confirmedCounts, statusesAdvance, statusesArrive } from './ledger/statuses.ts'
import { wishesKept } from './ledger/wishes.ts'

/** After the last fault. A killed host's work goes on within 30 s; a CRM that failed five times in a row is asked again after 160. */
const SETTLES_MS = 240_000

interface Parts {
  /** How many reports no host has taken yet. */
  unreported: () => number
  progress: (line: string) => void
  /** Further work that is to end, as a number. */
  andOf?: (database: Database) => Promise<number>
}

export interface Settled {
  /** Open work when the time was up, in words. */
  left: readonly string[]
  seconds: number
}

/** Waits until nothing is left to do. */
export async function settled(
  database: Database,
  { unreported, progress, andOf = async () => 0 }: Parts
): Promise<Settled> {
  const started = performance.now()
  let left: string[] = []
  do {
    await delay(500)
    left = await leftOver(database)
    if (unreported() > 0) left.push(`${unreported()} reports of the gateway`)
    const more = await andOf(database)
    if (more > 0) left.push(`${more} others`)
    progress(`settling: ${left.join(', ') || 'done'}`)
  } while (left.length > 0 && performance.now() - started < SETTLES_MS)

  return { left, seconds: Math.round((performance.now() - started) / 1_000) }
}

/** Holds what the journal and the database have to what was promised. */
export async function ledgerOf(
  database: Database,
  journal: Journal,
  { gateway, read, left, seconds }: Settled & { gateway: Gateway; read: ApiClient['events'] }
): Promise<Entry[]> {
  const [rows, excuses] = [await readRows(database, gateway), excusesOf(journal)]
  return [
    allSettled(left, seconds),
    noneLost(journal, rows, excuses, gateway),
    inOrder(journal, rows),
    repeatsExplained(journal, rows, excuses),
    ...(gateway.confirms ? [confirmedCounts(journal, rows)] : []),
    ...(gateway.lots ? await lotsKept(database, journal, excuses, gateway.lots) : []),
    statusesAdvance(journal, excuses),
    statusesArrive(journal, rows, gateway),
    ...(gateway.reports ? [incomingOnce(journal, rows, excuses), incomingInOrder(journal)] : []),
    answersRight(journal),
    crmHeardRight(journal, rows),
    wishesKept(journal),
    await feedRead(database, read),
    itemsTold(journal, rows, read),
    hostsLive(journal),
    silencesOvercome(journal)
  ]
}
