import { drizzle } from 'drizzle-orm/node-postgres'
import { Pool } from 'pg'
import { isReadOnly } from './error-codes.ts'
import { CONNECT_MS, KEEP_ALIVE, type Watch, watchSilence } from './silence.ts'
import { makeShared } from './sql-routine.ts'

export type Database = ReturnType<typeof openDatabase>
/** A database or a transaction of it. */
export type Executor = Pick<Database['db'], 'select' | 'insert' | 'update' | 'delete' | 'execute' | '$count'>

/** The application name of our connections, for operators who look at the server. */
export const APPLICATION = 'chat-plugin-host'

/** The oldest server that is supported, as `server_version_num` counts. */
const OLDEST = 150_000

interface How extends Omit<Watch, 'url'> {
  /** False: no events are written on these connections. */
  keepsEvents?: boolean
}

/** As `write_events` of queue.sql and `send_turn` read it. */
const NO_EVENTS = 'set chat_plugin_host.events = off'

/**
 * A pool of our own next to the queue's. `url` may name a TCP host or, by
 * `?host=/path`, a socket.
 */
export function openDatabase(url: string, max = 10, { keepsEvents = true, ...watch }: How = {}) {
  const pool = openPool(url, APPLICATION, max, watch, keepsEvents ? undefined : NO_EVENTS)
  const db = drizzle(pool, { casing: 'snake_case' })
  const transaction = (work: Parameters<typeof db.transaction>[0]) => inTransaction(pool, work as never)
  return {
    url,
    pool,
    db: Object.assign(db, { transaction: transaction as typeof db.transaction }),
    close: () => pool.end()
  }
}

/**
 * The library's own transaction on a pool keeps the connection for ever when
 * `begin` fails, until none is left. Here a connection on which anything failed
 * is given up, so that no other work inherits half a transaction.
 */
async function inTransaction<Result>(pool: Pool, work: (tx: Executor) => Promise<Result>): Promise<Result> {
  const client = await pool.connect()
  let readOnly: unknown
  try {
    // On a server that takes no writes no function can be made, and most reads need none: an operator has to see what is wrong.
    await makeShared(client).catch(error => {
      if (!isReadOnly(error)) throw error
      readOnly = error
    })
    const result = await drizzle(client, { casing: 'snake_case' }).transaction(work as never)
    client.release()
    return result as Result
  } catch (error) {
    client.release(true)
    throw readOnly ?? error
  }
}

/**
 * A lost connection rejects the promises of its queries; its own error event
 * would otherwise end the process. `first`: a statement on each connection.
 */
export function openPool(url: string, name: string, max: number, watch: Omit<Watch, 'url'> = {}, first?: string): Pool {
  const pool = new Pool({
    connectionString: url,
    max,
    application_name: name,
    connectionTimeoutMillis: CONNECT_MS,
    ...KEEP_ALIVE,
    onConnect: async client => {
      await watchSilence(client, { ...watch, url })
      if (first) await client.query(first)
    }
  })
  const told = () => {}
  return pool.on('error', told).on('connect', client => client.on('error', told))
}

/** Throws when the server is too old, or is not there. */
export async function checkServer({ pool }: Pick<Database, 'pool'>): Promise<void> {
  const { rows } = await pool.query<{ version: string; number: number }>(
    "select current_setting('server_version') as version, current_setting('server_version_num')::int as number"
  )
  const [row] = rows
  if (!row || row.number < OLDEST) throw new Error(`Postgres ${row?.version} is too old, 15 or newer is needed`)
}
