import { sql } from 'drizzle-orm'
import type { Database, Executor } from '../postgres/connect.ts'
import { listen } from '../postgres/listen.ts'
import type { WorkKind } from './locks.ts'

/**
 * Notifications of work between hosts (LISTEN/NOTIFY), since a host may store a message of a registration that another
 * host has claimed. The claiming host polls by itself, every 50 ms while it is busy and every 250 ms while it is not; so
 * a host notifies when it stores few messages at a time, and need not when it stores many. Nor is a host notified that
 * begins items all the time: it takes the next ones whenever an item has ended. (Notified all the same, two hosts on two
 * cores needed a tenth more of the processor a message, and did less than one.)
 */

const CHANNEL = 'work'
/** Above this batch size the claiming host is busy and polls anyway: no NOTIFY. */
const MAX_NOTIFIED_BATCH = 4
/** Minimum interval of notifications: each one is a commit. */
const NOTIFY_EVERY_MS = 5
/** A host with this load, in items a second, polls often enough. */
const BUSY_PER_SECOND = 100
/** After a notification that had no host to go to, none is tried for so long. */
const NO_LISTENER_MS = 1_000

export type NotifyWork = (work: WorkKind, count: number) => void

/** Notifies the other hosts, if there are any with little to do, that there is work. `host`: the name of this one. */
export function createWorkNotifier({ pool }: Pick<Database, 'pool'>, host: string): NotifyWork {
  const next = { send: 0, tell: 0 }
  return (work, count) => {
    const now = performance.now()
    if (count > MAX_NOTIFIED_BATCH || now < next[work]) return
    next[work] = now + NOTIFY_EVERY_MS
    pool
      .query({
        name: 'ring',
        text: `select pg_notify($1, $2) where exists (
          select from hosts where id <> $3 and coalesce((loads->>$4)::float, 0) < ${BUSY_PER_SECOND})`,
        values: [CHANNEL, `${work} ${host}`, host, work]
      })
      .then(({ rowCount }) => {
        if (rowCount === 0) next[work] = now + NO_LISTENER_MS
      })
      // The claiming host polls by itself.
      .catch(() => {})
  }
}

/** Notifies a host that registrations are handed off to it, once the transaction has ended. */
export const notifyHandedOff = (tx: Executor, work: WorkKind, host: string, to: string) =>
  tx.execute(sql`select pg_notify(${CHANNEL}, ${`${work} ${host} ${to}`})`)

interface Listeners {
  /** Another host has stored items. */
  stored: (work: WorkKind) => void
  /** Another host has handed registrations off to this one. */
  handedOff: (work: WorkKind) => void
}

/** Listens for the notifications of other hosts. */
export const listenForWork = (database: Pick<Database, 'url'>, host: string, { stored, handedOff }: Listeners) =>
  listen(database, {
    channel: CHANNEL,
    heard(payload) {
      const [work, other, to] = payload.split(' ')
      if (other === host || (work !== 'send' && work !== 'tell')) return
      if (to === undefined) stored(work)
      else if (to === host) handedOff(work)
    }
  })
