import { createHmac, randomBytes } from 'node:crypto'
import { and, desc, eq, gt, lte, notInArray, sql } from 'drizzle-orm'
import type { Database } from '../postgres/connect.ts'
import { consoleSessions } from '../postgres/schema/api.ts'
import { writeAudit } from './audit.ts'
import { type Authenticate, type Client, tokenHash } from './tokens.ts'

/**
 * Sessions of the console: what a browser has in its cookie instead of a token. A session ends by logout, after 12 hours,
 * with the token that opened it, and with every change of CONSOLE_TOKEN. The database has a keyed hash of its id, so that
 * a dump opens nothing.
 */

const HOURS = 12
/** Most sessions at a time; the oldest ends for one more. */
const MOST_SESSIONS = 200
const SHAPE = /^[A-Za-z0-9_-]{43}$/

export interface ConsoleSession {
  client: Client
  expiresAt: Date
}

export type ConsoleSessions = ReturnType<typeof sessionsOf>

interface Deps {
  /** Undefined: there is no console. */
  consoleToken: string | undefined
  authenticate: Authenticate
}

export const createConsoleSessions = (
  database: Pick<Database, 'db'>,
  { consoleToken, authenticate }: Deps
): ConsoleSessions | undefined =>
  consoleToken === undefined ? undefined : sessionsOf(database, consoleToken, authenticate)

function sessionsOf({ db }: Pick<Database, 'db'>, consoleToken: string, authenticate: Authenticate) {
  // Keyed by the token, so that another CONSOLE_TOKEN leaves no session behind.
  const hashOf = (id: string) => createHmac('sha256', consoleToken).update(id).digest('hex')

  /** A new session for the client of a token; `previous`, the one that the browser had, ends. */
  async function open(
    client: Client,
    token: string,
    previous: string | undefined
  ): Promise<{ id: string; until: Date }> {
    const id = randomBytes(32).toString('base64url')
    const until = await db.transaction(async tx => {
      await tx.delete(consoleSessions).where(lte(consoleSessions.expiresAt, sql`now()`))
      if (previous !== undefined) await tx.delete(consoleSessions).where(eq(consoleSessions.hash, hashOf(previous)))
      const kept = tx
        .select({ hash: consoleSessions.hash })
        .from(consoleSessions)
        .orderBy(desc(consoleSessions.createdAt))
        .limit(MOST_SESSIONS - 1)
      await tx.delete(consoleSessions).where(notInArray(consoleSessions.hash, kept))
      const [row] = await tx
        .insert(consoleSessions)
        .values({
          hash: hashOf(id),
          tokenHash: client.actor === 'console' ? null : tokenHash(token),
          expiresAt: sql`now() + make_interval(hours => ${HOURS})`
        })
        .returning({ expiresAt: consoleSessions.expiresAt })
      const { actor, registrationId } = client
      await writeAudit(tx, { actor, action: 'console.opened', registrationId })
      return row?.expiresAt as Date
    })
    return { id, until }
  }

  /** Looked up for every request, so that a session that ended opens nothing any more, on any host. */
  async function find(id: string): Promise<ConsoleSession | undefined> {
    if (!SHAPE.test(id)) return undefined
    const hash = hashOf(id)
    const [row] = await db
      .select()
      .from(consoleSessions)
      .where(and(eq(consoleSessions.hash, hash), gt(consoleSessions.expiresAt, sql`now()`)))
    if (!row) return undefined
    const client = await (row.tokenHash === null ? authenticate(consoleToken) : authenticate({ hash: row.tokenHash }))
    return client && { client: { ...client, key: `session ${hash.slice(0, 16)}` }, expiresAt: row.expiresAt }
  }

  const end = (id: string) => db.delete(consoleSessions).where(eq(consoleSessions.hash, hashOf(id)))

  return { open, find, end }
}
