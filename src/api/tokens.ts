import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { and, asc, desc, eq, gt, isNull, lt, or, sql } from 'drizzle-orm'
import type { Database } from '../postgres/connect.ts'
import { apiTokens } from '../postgres/schema/api.ts'
import { registrations } from '../postgres/schema/registrations.ts'
import { writeAudit } from './audit.ts'
import { SCOPES, type Scope } from './scopes.ts'

/** Tokens of API clients. A token is 256 random bits; the database has its hash, so that a dump of it opens nothing. */

/** The client of a request. */
export interface Client {
  /** Two tokens of one name are one client. */
  name: string
  /** As the audit names it. */
  actor: string
  scopes: readonly Scope[]
  /** The only registration that it may touch; null: all. */
  registrationId: number | null
  /** Callers with the same key share a rate limit. */
  key: string
  /** Requests a second of its own; null: as the host has it. */
  perSecond: number | null
  /** The end of its token; null or absent: it has none. */
  expiresAt?: Date | null
}

export interface NewToken {
  name: string
  scopes: readonly Scope[]
  registrationId?: number | undefined
  expiresAt?: Date | undefined
  perSecond?: number | undefined
}

const PREFIX = 'cph_'
/** A text of another shape is refused without a look into the database. */
const SHAPE = /^cph_[A-Za-z0-9_-]{43}$/

const VALID = and(isNull(apiTokens.revokedAt), or(isNull(apiTokens.expiresAt), gt(apiTokens.expiresAt, sql`now()`)))

/** Answers the token, which nobody can show again. Throws when there is no such registration. */
export async function createToken(
  { db }: Pick<Database, 'db'>,
  { name, scopes, registrationId, expiresAt, perSecond }: NewToken,
  actor: string
) {
  const token = `${PREFIX}${randomBytes(32).toString('base64url')}`
  const id = await db.transaction(async tx => {
    if (registrationId !== undefined) {
      const found = await tx.select().from(registrations).where(eq(registrations.id, registrationId)).for('share')
      if (found.length === 0) throw new Error(`There is no registration ${registrationId}.`)
    }
    const ordered = SCOPES.filter(scope => scopes.includes(scope))
    const [row] = await tx
      .insert(apiTokens)
      .values({ name, scopes: ordered, registrationId, expiresAt, perSecond, hash: tokenHash(token) })
      .returning({ id: apiTokens.id })
    const created = row?.id as number
    await writeAudit(tx, {
      actor,
      action: 'token.created',
      registrationId,
      details: {
        token: created,
        name,
        scopes: ordered,
        expiresAt: expiresAt?.toISOString() ?? null,
        perSecond: perSecond ?? null
      }
    })
    return created
  })
  return { id, token }
}

/** All but the hash. */
const SHOWN = {
  id: apiTokens.id,
  name: apiTokens.name,
  scopes: apiTokens.scopes,
  registration: apiTokens.registrationId,
  perSecond: apiTokens.perSecond,
  createdAt: apiTokens.createdAt,
  expiresAt: apiTokens.expiresAt,
  revokedAt: apiTokens.revokedAt
}

export const listTokens = ({ db }: Pick<Database, 'db'>) => db.select(SHOWN).from(apiTokens).orderBy(asc(apiTokens.id))

/** The newest first; `after`: the id of the last one seen. */
export const findTokens = (
  { db }: Pick<Database, 'db'>,
  { id, registrationId }: { id?: number | undefined; registrationId?: number | undefined },
  { limit, after }: { limit: number; after?: number | undefined }
) =>
  db
    .select(SHOWN)
    .from(apiTokens)
    .where(
      and(
        id === undefined ? undefined : eq(apiTokens.id, id),
        registrationId === undefined ? undefined : eq(apiTokens.registrationId, registrationId),
        after === undefined ? undefined : lt(apiTokens.id, after)
      )
    )
    .orderBy(desc(apiTokens.id))
    .limit(limit)

/** False when there is no such token, or it was revoked before. */
export const revokeToken = ({ db }: Pick<Database, 'db'>, id: number, actor: string): Promise<boolean> =>
  db.transaction(async tx => {
    const [row] = await tx
      .update(apiTokens)
      .set({ revokedAt: sql`now()` })
      .where(and(eq(apiTokens.id, id), isNull(apiTokens.revokedAt)))
      .returning({ name: apiTokens.name, registrationId: apiTokens.registrationId })
    if (!row) return false
    const { name, registrationId } = row
    await writeAudit(tx, { actor, action: 'token.revoked', registrationId, details: { token: id, name } })
    return true
  })

/**
 * Finds the client of a token. Every request looks the hash up, so that a
 * revoked token opens nothing from the next request on, in all hosts; a cache
 * would save one indexed read of 0.2 ms. The hash is compared by the index, so
 * timing tells nothing about the token, of which it is no part.
 */
export function createAuthenticator({ db }: Pick<Database, 'db'>, consoleToken: string | undefined) {
  const expected = consoleToken === undefined ? undefined : digestOf(consoleToken)

  /** `hash`: of a token that was proven before, as the table has it. */
  return async (given: string | { hash: string }): Promise<Client | undefined> => {
    if (expected && typeof given === 'string' && timingSafeEqual(digestOf(given), expected))
      return {
        name: 'console',
        actor: 'console',
        scopes: SCOPES,
        registrationId: null,
        key: 'console',
        perSecond: null
      }
    if (typeof given === 'string' && !SHAPE.test(given)) return undefined
    const hash = typeof given === 'string' ? tokenHash(given) : given.hash
    const [row] = await db
      .select()
      .from(apiTokens)
      .where(and(eq(apiTokens.hash, hash), VALID))
    return (
      row && {
        name: row.name,
        actor: `token ${row.id} (${row.name})`,
        scopes: row.scopes,
        registrationId: row.registrationId,
        key: `token ${row.id}`,
        perSecond: row.perSecond,
        expiresAt: row.expiresAt
      }
    )
  }
}

export type Authenticate = ReturnType<typeof createAuthenticator>

const digestOf = (text: string) => createHash('sha256').update(text).digest()
/** The hash by which the table knows a token. */
export const tokenHash = (token: string) => digestOf(token).toString('hex')
