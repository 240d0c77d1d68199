import { readFileSync } from 'node:fs'
import type { Pool, PoolClient, QueryResultRow } from 'pg'

/**
 * Routines: steps that belong together, run where the data is. Each is a function
 * of the session, in `pg_temp`, written in a `.sql` file beside its caller and
 * made on a connection before it is first called there. A turn of the queue is
 * one call instead of seventeen, each of which would wait for the disk, the
 * network and this process; see bench/README.md, "Levers". Being of the session,
 * a routine is always that of this very release, whatever else works on the database.
 */
export interface Routine {
  name: string
  /** The whole file, with what else is in it. */
  text: string
}

const HEADER = /^-- name: (\w+)$/gm

/** A routine of a file that names its functions by `-- name:` headers. Throws when there is none of that name. */
export function readRoutine(file: URL, name: string): Routine {
  const text = readFileSync(file, 'utf8')
  if (![...text.matchAll(HEADER)].some(header => header[1] === name)) throw new Error(`${file.pathname} has no ${name}`)
  return { name, text }
}

/** Steps that routines and transactions share. */
const SHARED = readRoutine(new URL('../queue/queue.sql', import.meta.url), 'wake')

const made = new WeakMap<PoolClient, Set<string>>()

/** Makes what the steps of queue.sql need on a connection, before a transaction begins: a rollback would take it away. */
export const makeShared = (client: PoolClient): Promise<void> => make(client, SHARED)

/** Runs a routine in a transaction of its own. */
export async function callRoutine<Row extends QueryResultRow>(
  pool: Pick<Pool, 'connect'>,
  routine: Routine,
  values: readonly unknown[]
): Promise<Row[]> {
  const client = await pool.connect()
  try {
    await makeShared(client)
    await make(client, routine)
    const { name } = routine
    const marks = values.map((_, index) => `$${index + 1}`).join(', ')
    const text = `select * from pg_temp.${name}(${marks})`
    const { rows } = await client.query<Row>({ name, text, values: [...values] })
    client.release()
    return rows
  } catch (error) {
    // A connection on which anything failed is given up, so that no other work meets it.
    client.release(true)
    throw error
  }
}

async function make(client: PoolClient, { name, text }: Routine): Promise<void> {
  const names = made.get(client) ?? new Set()
  if (names.has(name)) return
  await client.query(text)
  made.set(client, names.add(name))
}
