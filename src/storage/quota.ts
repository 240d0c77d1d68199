import { access, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { and, asc, eq, gt, inArray, sum } from 'drizzle-orm'
import type { Database } from '../postgres/connect.ts'
import { uploads } from '../postgres/schema/registrations.ts'

/** Disk quota of a registration, over all hosts that share the disk, and the floor of bytes that stay free. */

/** Thrown when a registration has all it may have, or the disk is nearly full; nothing is left behind. */
export class NoRoom extends Error {
  readonly kind: 'quota' | 'disk'
  constructor(kind: NoRoom['kind'], message: string) {
    super(message)
    this.kind = kind
  }
}

/** The share of the quota that one file takes on its way to the disk. */
export interface Ticket {
  /** Counts bytes that have come. False: the quota is exceeded. */
  take(bytes: number): boolean
  /** The file is there. */
  kept(path: string): Promise<void>
  /** Ends the ticket, of a kept file or of a dropped one. */
  release(): void
}

/** Throws `NoRoom` when fewer bytes than the floor are free on the disk of a folder. */
export async function assertFloor(folder: string, floor: number): Promise<void> {
  if (floor === 0) return
  const { bavail, bsize } = await statfs(folder)
  if (bavail * bsize < floor) throw new NoRoom('disk', 'The disk of the uploads is nearly full, nothing is taken now')
}

export type Quota = ReturnType<typeof uploadQuota>

interface Deps {
  db: Database['db']
  /** The folder whose disk is meant. */
  root: string
  /** The most bytes of a registration; 0: no limit. */
  most: number
  /** Bytes that stay free; 0: none. */
  floor: number
  now: () => Date
}

/** A full registration's rows are compared with the disk no more often than this: an operator may have removed files. */
const RECOUNT_EVERY_MS = 60_000

interface Account {
  /** Bytes of the registration when the first of these files began to come. */
  before: Promise<number>
  /** Bytes that have come since. */
  added: number
  /** Files that are coming. */
  tickets: number
}

export function uploadQuota({ db, root, most, floor, now }: Deps) {
  /** Registrations with files on their way: several files at once must not pass where one file would not. */
  const accounts = new Map<number, Account>()

  /** The first of several files reads the database; the others are counted in memory. */
  function accountOf(registrationId: number): Account {
    const account = accounts.get(registrationId) ?? { before: usedNow(registrationId), added: 0, tickets: 0 }
    account.tickets += 1
    accounts.set(registrationId, account)
    return account
  }

  const recountedAt = new Map<number, number>()

  const used = async (registrationId: number): Promise<number> => {
    const [row] = await db
      .select({ bytes: sum(uploads.bytes) })
      .from(uploads)
      .where(eq(uploads.registrationId, registrationId))
    return Number(row?.bytes ?? 0)
  }

  async function usedNow(registrationId: number): Promise<number> {
    const before = await used(registrationId)
    return most > 0 && before >= most && (await forgetMissing(registrationId)) ? used(registrationId) : before
  }

  /** Deletes the rows of files that an operator removed from the disk. False: done within RECOUNT_EVERY_MS already. */
  async function forgetMissing(registrationId: number): Promise<boolean> {
    const at = now().getTime()
    if (at - (recountedAt.get(registrationId) ?? Number.NEGATIVE_INFINITY) < RECOUNT_EVERY_MS) return false
    recountedAt.set(registrationId, at)
    for (let after = ''; ; ) {
      const rows = await db
        .select({ path: uploads.path })
        .from(uploads)
        .where(and(eq(uploads.registrationId, registrationId), gt(uploads.path, after)))
        .orderBy(asc(uploads.path))
        .limit(BATCH)
      const last = rows.at(-1)
      if (!last) return true
      after = last.path
      const there = await Promise.all(rows.map(({ path }) => isThere(join(root, path))))
      const missing = rows.filter((_, index) => !there[index]).map(({ path }) => path)
      if (missing.length > 0) await db.delete(uploads).where(inArray(uploads.path, missing))
    }
  }

  return {
    /** Throws `NoRoom` when there is none. */
    async open(registrationId: number): Promise<Ticket> {
      await assertFloor(root, floor)
      const account = accountOf(registrationId)
      const release = () => {
        account.tickets -= 1
        if (account.tickets === 0) accounts.delete(registrationId)
      }
      const before = await account.before.catch(error => {
        release()
        throw error
      })
      if (most > 0 && before + account.added >= most) {
        release()
        throw new NoRoom('quota', QUOTA)
      }
      let own = 0
      let isKept = false
      return {
        take(bytes) {
          own += bytes
          account.added += bytes
          return most === 0 || before + account.added <= most
        },
        async kept(path) {
          await db.insert(uploads).values({ path, registrationId, bytes: own })
          isKept = true
        },
        release() {
          if (!isKept) account.added -= own
          release()
        }
      }
    },

    /** A file that is gone no longer counts. `path`: below the root. */
    forget: async (path: string): Promise<void> => void (await db.delete(uploads).where(eq(uploads.path, path)))
  }
}

export const QUOTA = 'The files of this registration take all the place that they may, older ones have to go first'

const BATCH = 1_000

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false
  )
