import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import { and, eq } from 'drizzle-orm'
import type { Outbound } from '../http-client/address-policy.ts'
import { within } from '../http-client/timeout.ts'
import type { Database } from '../postgres/connect.ts'
import { publicKeys } from '../postgres/schema/keys.ts'
import { failure, type Result, success } from '../protocol/result.ts'

/**
 * Public keys of CRM clusters: fetched once, then kept in the database for good. A key belongs to the origin that it
 * was fetched from: what one cluster has published proves nothing of another.
 */

const FETCH_TIMEOUT_MS = 5_000
const MAX_KEY_BYTES = 16 * 1024
/** A failed fetch is not repeated for so long: a stranger's token can name any key. */
const FAILURE_KEPT_MS = 30_000
/** Failures remembered at the same time, the oldest being forgotten first. */
const MAX_FAILURES = 10_000
/** Keys kept in memory at the same time. */
const MAX_CACHED_KEYS = 1_000

export type Keys = ReturnType<typeof createKeyStore>

interface Deps {
  db: Database['db']
  outbound: Pick<Outbound, 'call'>
  userAgent: string
  now: () => Date
}

export function createKeyStore({ db, outbound, userAgent, now }: Deps) {
  const cached = new Map<string, KeyObject>()
  const pending = new Map<string, Promise<Result<KeyObject>>>()
  const failures = new Map<string, { at: number; reason: string }>()

  /** A key is fetched once, however many requests wait for it. */
  function fetched(origin: string, id: string): Promise<Result<KeyObject>> {
    const url = keyUrl(origin, id)
    const failed = failures.get(url)
    if (failed && now().getTime() - failed.at < FAILURE_KEPT_MS) return Promise.resolve(failure(failed.reason))
    const fetching = pending.get(url) ?? load(origin, id).finally(() => pending.delete(url))
    pending.set(url, fetching)
    return fetching
  }

  async function load(origin: string, id: string): Promise<Result<KeyObject>> {
    const url = keyUrl(origin, id)
    const [row] = await db
      .select()
      .from(publicKeys)
      .where(and(eq(publicKeys.origin, origin), eq(publicKeys.id, id)))
    const pem = row ? success(row.pem) : await download(id, url)
    const key = pem.ok ? parseKey(pem.value) : pem
    if (!key.ok) remember(url, key.reason)
    else if (pem.ok && !row) await db.insert(publicKeys).values({ origin, id, pem: pem.value }).onConflictDoNothing()
    return key
  }

  function remember(url: string, reason: string): void {
    if (failures.size >= MAX_FAILURES) failures.delete(failures.keys().next().value as string)
    failures.set(url, { at: now().getTime(), reason })
  }

  async function download(id: string, url: string): Promise<Result<string>> {
    try {
      const { status, body } = await within(FETCH_TIMEOUT_MS, signal =>
        outbound.call({ url, method: 'GET', headers: { 'user-agent': userAgent }, signals: [signal] }, MAX_KEY_BYTES)
      )
      if (status !== 200) return failure(`The key of the issuer could not be fetched: it answered ${status}`)
      if (body === null) return failure('The key of the issuer is too long')
      const pem = body.toString('utf8')
      return md5(pem) === id ? success(pem) : failure('The key of the issuer does not have the md5 that pkey names')
    } catch {
      // Network errors may quote addresses of the operator's network, and a stranger reads the answer.
      return failure('The key of the issuer could not be fetched: no answer')
    }
  }

  return {
    /** The key of that md5 at an origin, or the reason why there is none, in words for an operator. */
    async get(origin: string, id: string): Promise<Result<KeyObject>> {
      const url = keyUrl(origin, id)
      const kept = cached.get(url)
      if (kept) return success(kept)
      const key = await fetched(origin, id)
      if (!key.ok) return key
      if (cached.size >= MAX_CACHED_KEYS) cached.delete(cached.keys().next().value as string)
      cached.set(url, key.value)
      return key
    }
  }
}

const keyUrl = (origin: string, id: string) => `${origin}/pkey/${id}`

const md5 = (text: string) => createHash('md5').update(text).digest('hex')

function parseKey(pem: string): Result<KeyObject> {
  try {
    const key = createPublicKey(pem)
    return key.asymmetricKeyType === 'rsa' ? success(key) : failure('This key is not compatible with this signer')
  } catch (error) {
    return failure(`It was not possible to parse your key, reason: ${(error as Error).message}`)
  }
}
