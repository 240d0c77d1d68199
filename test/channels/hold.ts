import type { Test } from 'tap'
import { type Database, until } from '../harness.ts'

/** Keeps everybody from writing to the CRM's outbox, until it is let go. */
export async function holdOutbox(t: Test, { sql }: Pick<Database, 'sql'>) {
  const [locked, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const held = sql.begin(async tx => {
    await tx`lock table outbox in exclusive mode`
    locked.resolve()
    await gate.promise
  })
  await locked.promise
  const release = async () => {
    gate.resolve()
    await held
  }
  t.teardown(release)

  return {
    /** The process id of the server's side of whoever waits for it. */
    waiting: () =>
      until('somebody to want the outbox', async () => {
        const [row] = await sql<{ pid: number }[]>`
          select pid from pg_locks join pg_database on pg_database.oid = database
          where not granted and relation = 'outbox'::regclass and datname = current_database()`
        return row?.pid
      }),
    release
  }
}
