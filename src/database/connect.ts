import { drizzle } from 'drizzle-orm/postgres-js'
import { parse } from 'pg-connection-string'
import postgres from 'postgres'
import * as schema from './schema.ts'

export type Database = ReturnType<typeof openDatabase>
/** A database or a transaction of it. */
export type Executor = Pick<Database['db'], 'select' | 'insert' | 'update' | 'delete' | 'execute'>

/** The name of our connections, for whoever looks at the server. */
export const APPLICATION = 'chat-plugin-host'

/** The oldest server that is supported, as `server_version_num` counts. */
const OLDEST = 150_000

/** A pool of our own next to the queue's. `url` may name a TCP host or, by `?host=/path`, a socket. */
export function openDatabase(url: string, max = 10) {
  const { host, port, user, password, database, ssl } = parse(url)
  const sql = postgres({
    ...(host ? { host } : {}),
    ...(port ? { port: Number(port) } : {}),
    ...(user ? { username: user } : {}),
    ...(password ? { password } : {}),
    ...(database ? { database } : {}),
    ...(ssl ? { ssl: ssl === true ? 'require' : ssl } : {}),
    max,
    onnotice: () => {},
    connection: { application_name: APPLICATION }
  } as postgres.Options<Record<string, never>>)

  return {
    url,
    sql,
    db: drizzle(sql, { schema, casing: 'snake_case' }),
    close: () => sql.end({ timeout: 5 })
  }
}

/** Throws when the server is too old, or is not there. */
export async function checkServer({ sql }: Pick<Database, 'sql'>): Promise<void> {
  const [row] = await sql<{ version: string; number: number }[]>`
    select current_setting('server_version') version, current_setting('server_version_num')::int number`
  if (!row || row.number < OLDEST) throw new Error(`Postgres ${row?.version} is too old, 15 or newer is needed`)
}
