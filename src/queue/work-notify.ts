import { sql } from 'drizzle-orm'
import type { Database, Executor } from '../postgres/connect.ts'
import { listen } from '../postgres/listen.ts'
import type { WorkKind } from './conversations.ts'

/**
 * One host stores a message, and another has its registration. That one looks
 * by itself, every 50 ms while it is busy and every 250 ms while it is not; so
 * who stores little at a time rings, and who stores much need not. Nor does a
 * host that begins items all the time have to be rung: it looks whenever one
 * has ended. (Rung all the same, two hosts on two cores needed a tenth more of
 * the processor a message, and did less than one.)
 */

const CHANNEL = 'work'
/** Who stores so many together has company that is busy too. */
const FEW = 4
/** Not more often: each ring is a commit. */
const EVERY_MS = 5
/** A host that says that it begins so many a second looks often enough. */
const BUSY = 100
/** Where nobody had to be rung, so long nobody has to. */
const NOBODY_MS = 1_000

export type NotifyWork = (work: WorkKind, count: number) => void

/** Tells the other hosts, if there are any with little to do, that there is work. `host`: the name of this one. */
export function createWorkNotifier({ pool }: Pick<Database, 'pool'>, host: string): NotifyWork {
  const next = { send: 0, tell: 0 }
  return (work, count) => {
    const now = performance.now()
    if (count > FEW || now < next[work]) return
    next[work] = now + EVERY_MS
    pool
      .query({
        name: 'ring',
        text: `select pg_notify($1, $2) where exists (
          select from hosts where id <> $3 and coalesce((loads->>$4)::float, 0) < ${BUSY})`,
        values: [CHANNEL, `${work} ${host}`, host, work]
      })
      .then(({ rowCount }) => {
        if (rowCount === 0) next[work] = now + NOBODY_MS
      })
      // Whoever has the registration looks by itself.
      .catch(() => {})
  }
}

/** Tells one host that it has been given registrations, once the transaction has ended. */
export const notifyHandedOff = (tx: Executor, work: WorkKind, host: string, to: string) =>
  tx.execute(sql`select pg_notify(${CHANNEL}, ${`${work} ${host} ${to}`})`)

interface Hearing {
  /** Some host has stored something. */
  heard: (work: WorkKind) => void
  /** This host has been given registrations. */
  given: (work: WorkKind) => void
}

/** Hears the others. */
export const listenForWork = (database: Pick<Database, 'url'>, host: string, { heard, given }: Hearing) =>
  listen(database, {
    channel: CHANNEL,
    heard(payload) {
      const [work, other, to] = payload.split(' ')
      if (other === host || (work !== 'send' && work !== 'tell')) return
      if (to === undefined) heard(work)
      else if (to === host) given(work)
    }
  })
