import { sql } from 'drizzle-orm'
import type { Database, Executor } from '../postgres/connect.ts'
import { listen } from '../postgres/listen.ts'

/** What every message needs and an admin changes once a month: kept in memory until some host says that it has changed. */

const CHANNEL = 'registration_changed'
/** A change is announced, but an announcement may be lost with a connection. */
const STALE_MS = 60_000
const MOST_ENTRIES = 10_000

/** Tells every host, when the transaction is committed, that something about a registration has changed. */
export const notifyChanged = (tx: Executor, registrationId: number) =>
  tx.execute(sql`select pg_notify(${CHANNEL}, ${String(registrationId)})`)

export interface Cache<Key, Value> {
  get(key: Key): Promise<Value | undefined>
  forget(registrationId: number): void
  clear(): void
}

/** Keeps what `load` finds; what it does not find is looked for each time. */
export function createCache<Key, Value>(
  load: (key: Key) => Promise<Value | undefined>,
  registrationOf: (key: Key, value: Value) => number
): Cache<Key, Value> {
  const kept = new Map<Key, { value: Promise<Value | undefined>; id?: number; until: number }>()

  return {
    get(key) {
      const found = kept.get(key)
      return found && found.until > performance.now() ? found.value : loaded(key)
    },
    forget(registrationId) {
      for (const [key, { id }] of kept) if (id === undefined || id === registrationId) kept.delete(key)
    },
    clear: () => kept.clear()
  }

  async function loaded(key: Key): Promise<Value | undefined> {
    // Stored before it is loaded, so that a change meanwhile takes it away again.
    const entry: { value: Promise<Value | undefined>; id?: number; until: number } = {
      value: load(key),
      until: performance.now() + STALE_MS
    }
    kept.delete(key)
    kept.set(key, entry)
    if (kept.size > MOST_ENTRIES) kept.delete(kept.keys().next().value as Key)
    const value = await entry.value.catch(error => {
      if (kept.get(key) === entry) kept.delete(key)
      throw error
    })
    if (value !== undefined) entry.id = registrationOf(key, value)
    else if (kept.get(key) === entry) kept.delete(key)
    return value
  }
}

/** Hears of changes in all hosts, until the function that it answers is called. After a gap everything may have changed. */
export const listenForChanges = (
  database: Pick<Database, 'url'>,
  caches: readonly Pick<Cache<never, unknown>, 'forget' | 'clear'>[]
): Promise<() => Promise<void>> =>
  listen(database, {
    channel: CHANNEL,
    heard(payload) {
      for (const cache of caches) cache.forget(Number(payload))
    },
    began() {
      for (const cache of caches) cache.clear()
    }
  })
