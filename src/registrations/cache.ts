import { sql } from 'drizzle-orm'
import type { Database, Executor } from '../postgres/connect.ts'
import { listen } from '../postgres/listen.ts'

/** Cache of values that every message needs and an admin changes once a month, until a host notifies of a change. */

const CHANNEL = 'registration_changed'
/** Entries are loaded again after so long: a notification may be lost with a connection. */
const RELOAD_AFTER_MS = 60_000
const MAX_ENTRIES = 10_000

/** Notifies every host, when the transaction is committed, that a registration or its settings have changed. */
export const notifyChanged = (tx: Executor, registrationId: number) =>
  tx.execute(sql`select pg_notify(${CHANNEL}, ${String(registrationId)})`)

export interface Cache<Key, Value> {
  get(key: Key): Promise<Value | undefined>
  forget(registrationId: number): void
  clear(): void
}

/** Caches the values that `load` finds; a missing one is loaded each time. */
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
    // The entry is stored before it is loaded, so that a change meanwhile removes it.
    const entry: { value: Promise<Value | undefined>; id?: number; until: number } = {
      value: load(key),
      until: performance.now() + RELOAD_AFTER_MS
    }
    kept.delete(key)
    kept.set(key, entry)
    if (kept.size > MAX_ENTRIES) kept.delete(kept.keys().next().value as Key)
    const value = await entry.value.catch(error => {
      if (kept.get(key) === entry) kept.delete(key)
      throw error
    })
    if (value !== undefined) entry.id = registrationOf(key, value)
    else if (kept.get(key) === entry) kept.delete(key)
    return value
  }
}

/** Drops changed entries until the returned function is called. After a gap of the connection all entries go. */
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
