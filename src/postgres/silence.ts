import type { Socket } from 'node:net'
import { Client, type ClientBase, type Connection } from 'pg'

/**
 * Silent connections: a network that forgets, or a server that is frozen, leaves
 * connections that are never closed and never answer. The socket's own timer,
 * which reads and writes only push back, finds them: a connection with a
 * statement under way is given up, exactly as if the network had closed it, and
 * an idle one is asked `select 1`, so that a listening one notices too.
 * (`query_timeout` of the client gives up the statement and keeps the connection,
 * on which its transaction would go on beside the work that replaces it.)
 */

/** The longest silence of a database. With the time for a new connection it is less than a CRM waits. */
const SILENT_MS = 8_000
/** A server that does not take a connection within this time is away: a longer wait serves no caller better. */
export const CONNECT_MS = 5_000

/** TCP keep-alive: the system probes an idle connection after so long. */
export const KEEP_ALIVE = { keepAlive: true, keepAliveInitialDelayMillis: 5_000 } as const

export interface Watch {
  /** The database's URL. */
  url: string
  /** The longest silence; a statement may take no longer. */
  silentMs?: number
  /** Statements may take as long as the server works on them: for commands that count whole tables, and for migrations. */
  patient?: boolean
}

/** Fields of the client that its types leave out. `readyForQuery`: nothing is under way. */
type Inner = ClientBase & { host: string; port: number; readyForQuery: boolean } & {
  connection: Connection & { stream: Socket }
}

interface Watched {
  client: Inner
  heardAt: number
  /** Only our own `select 1` is under way. */
  asked: boolean
}

const watched = new Set<Watched>()

/** The message begins as that of a connection which the other side closed, since it counts as one. */
const gaveUp = (ms: number) => new Error(`Connection terminated: the database was silent for ${ms} ms`)

/**
 * Watches over the connection of a connected client: gives it up when its
 * database is silent, and has the server give up what this side has forgotten.
 */
export async function watchSilence(
  client: ClientBase,
  { url, silentMs: ms = SILENT_MS, patient = false }: Watch
): Promise<void> {
  const one: Watched = { client: client as Inner, heardAt: performance.now(), asked: false }
  const { stream } = one.client.connection
  watched.add(one)
  stream
    .on('data', () => {
      one.heardAt = performance.now()
    })
    .once('close', () => watched.delete(one))
    .setTimeout(ms)
  let server: number | undefined

  async function look(): Promise<void> {
    if (one.client.readyForQuery) {
      one.asked = true
      await client.query('select 1')
      one.asked = false
      return
    }
    const { heardAt } = one
    const isWorking = patient && server !== undefined && (await works(url, server))
    // The answer may have come meanwhile.
    if (!isWorking && heardAt === one.heardAt) throw gaveUp(ms)
    stream.setTimeout(ms)
  }
  // A connection that is being ended refuses the question too, and would wait for the other side's farewell.
  stream.on('timeout', () => void look().catch(() => giveUp(one, ms)))
  await limitServer(client, ms, patient)
  if (patient) server = await ownServer(client)
}

/**
 * Gives a connection up, and with it the idle ones to the same database that were
 * silent for as long: they were lost together, and the next statement on one of
 * them would wait as long once more, until other hosts declare this one dead.
 */
function giveUp({ client: { host, port, connection } }: Watched, ms: number): void {
  const since = performance.now() - ms
  connection.stream.destroy(gaveUp(ms))
  for (const { client, heardAt, asked } of watched)
    if (client.host === host && client.port === port && (client.readyForQuery || asked) && heardAt <= since)
      client.connection.stream.destroy(gaveUp(ms))
}

/** The server process of a connection, whatever pooler is in between. */
async function ownServer(client: ClientBase): Promise<number | undefined> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  return rows[0]?.pid
}

/** Asks on another connection if a server process is at work. */
async function works(url: string, server: number): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: CONNECT_MS, query_timeout: CONNECT_MS })
  client.on('error', () => {})
  try {
    await client.connect()
    const { rowCount } = await client.query("select from pg_stat_activity where pid = $1 and state = 'active'", [
      server
    ])
    return rowCount === 1
  } catch {
    return false
  } finally {
    void client.end()
  }
}

/**
 * Timeouts of the server itself: it gives up a statement a moment before this
 * side does, since a failed statement has then surely not happened; a transaction
 * whose client was lost, which would keep its locks; and a session that sends
 * nothing any more. Set by statements, as poolers refuse such settings at the
 * start of a session.
 */
const limitServer = (client: ClientBase, ms: number, patient: boolean) =>
  client.query(
    Object.entries({
      statement_timeout: patient ? 0 : ms * 0.9,
      idle_in_transaction_session_timeout: ms,
      tcp_user_timeout: ms,
      idle_session_timeout: ms * 4
    })
      .map(([name, value]) => `set ${name} = ${Math.round(value)}`)
      .join(';')
  )
