import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import { eq } from 'drizzle-orm'
import type { Database } from '../database/connect.ts'
import { publicKeys } from '../database/schema.ts'
import { within } from '../outbound/deadline.ts'
import type { Outbound } from '../outbound/outbound.ts'

/** Public keys of CRM clusters: fetched once, then kept in the database for good. */

const FETCH_MS = 5_000
const LARGEST_KEY = 16 * 1024
/** A key that could not be had is not asked for again so soon: anybody can name one. */
const FAILURE_MS = 30_000
/** Failures remembered at the same time, the oldest being forgotten first. */
const MOST_FAILURES = 10_000

export type Keys = ReturnType<typeof keyStore>

interface Parts {
  db: Database['db']
  outbound: Pick<Outbound, 'call'>
  userAgent: string
  now: () => Date
}

export function keyStore({ db, outbound, userAgent, now }: Parts) {
  const known = new Map<string, KeyObject>()
  const pending = new Map<string, Promise<KeyObject | string>>()
  const failures = new Map<string, { at: number; reason: string }>()

  /** One fetch at a time for a key, whoever asks. */
  function fetched(id: string, url: string): Promise<KeyObject | string> {
    const failed = failures.get(url)
    if (failed && now().getTime() - failed.at < FAILURE_MS) return Promise.resolve(failed.reason)
    const fetching = pending.get(url) ?? load(id, url).finally(() => pending.delete(url))
    pending.set(url, fetching)
    return fetching
  }

  async function load(id: string, url: string): Promise<KeyObject | string> {
    const [row] = await db.select().from(publicKeys).where(eq(publicKeys.id, id))
    const pem = row?.pem ?? (await download(id, url))
    const key = typeof pem === 'string' ? parseKey(pem) : pem.reason
    if (typeof key === 'string') remember(url, key)
    else if (typeof pem === 'string' && !row) await db.insert(publicKeys).values({ id, pem }).onConflictDoNothing()
    return key
  }

  function remember(url: string, reason: string): void {
    if (failures.size >= MOST_FAILURES) failures.delete(failures.keys().next().value as string)
    failures.set(url, { at: now().getTime(), reason })
  }

  async function download(id: string, url: string): Promise<string | { reason: string }> {
    try {
      const { status, body } = await within(FETCH_MS, signal =>
        outbound.call({ url, method: 'GET', headers: { 'user-agent': userAgent }, signals: [signal] }, LARGEST_KEY)
      )
      if (status !== 200) return { reason: `The key of the issuer could not be fetched: it answered ${status}` }
      if (body === null) return { reason: 'The key of the issuer is too long' }
      const pem = body.toString('utf8')
      return md5(pem) === id ? pem : { reason: 'The key of the issuer does not have the md5 that pkey names' }
    } catch {
      // What the network says may quote addresses of the operator's own, and a stranger reads the answer.
      return { reason: 'The key of the issuer could not be fetched: no answer' }
    }
  }

  return {
    /** The key, or why it cannot be had, in words for an operator. */
    async get(id: string, url: string): Promise<KeyObject | string> {
      const key = known.get(id) ?? (await fetched(id, url))
      if (typeof key !== 'string') known.set(id, key)
      return key
    }
  }
}

const md5 = (text: string) => createHash('md5').update(text).digest('hex')

function parseKey(pem: string): KeyObject | string {
  try {
    const key = createPublicKey(pem)
    return key.asymmetricKeyType === 'rsa' ? key : 'This key is not compatible with this signer'
  } catch (error) {
    return `It was not possible to parse your key, reason: ${(error as Error).message}`
  }
}
