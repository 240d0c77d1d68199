import { randomBytes } from 'node:crypto'
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'pg'
import { serverAccount } from './account.ts'
import {
  initialise,
  isLockBroken,
  isServer,
  lockedServer,
  type Server,
  serverIn,
  startServer,
  stopServer,
  USER,
  unlock
} from './cluster.ts'

/** A Postgres of the host's own, below DATA_DIR, for those who have none. */
export interface Embedded {
  url: string
  /** Stops the server, unless somebody else works on it. */
  close(): Promise<void>
}

/** How long a server that is starting or stopping may take to say which it is. */
const PATIENCE_MS = 60_000

/**
 * Locks of sessions, which end with their process whatever happens to it: who
 * works on the server shares the first, and a host that listens has the second
 * to itself. The last one to leave stops the server.
 */
const USERS = 7_205_115
const HOST = 7_205_116

/**
 * Starts the server, or joins it where it runs, be it that of a killed host.
 * `share`: beside a living host, as the command line does; otherwise that is an
 * error.
 */
export async function startEmbedded(
  dataDir: string,
  { share, signal }: { share: boolean; signal?: AbortSignal | undefined }
): Promise<Embedded> {
  const folder = join(dataDir, 'postgres')
  await mkdir(dataDir, { recursive: true, mode: 0o711 })
  if (serverAccount()) await makePassable(dataDir)
  const password = await keepPassword(join(dataDir, 'postgres.key'))
  await initialise(folder, password)

  const deadline = performance.now() + PATIENCE_MS
  for (;;) {
    signal?.throwIfAborted()
    const server = (await runningServer(folder, password)) ?? (await start(folder, password, signal))
    const joined = server && (await joinServer(server, password, share))
    if (joined === 'taken')
      throw new Error(
        `Another host is running on ${dataDir}. Stop it, choose another DATA_DIR, or give both one Postgres by DATABASE_URL.`
      )
    if (joined) return joined
    // Somebody is stopping it, or was quicker to start it.
    if (performance.now() > deadline)
      throw new Error(`The embedded Postgres in ${folder} neither starts nor stops; see postgres.log beside it.`)
    await delay(100)
  }
}

async function start(folder: string, password: string, signal?: AbortSignal): Promise<Server | undefined> {
  try {
    return await startServer(folder, port => answers(port, password), signal)
  } catch (error) {
    if (signal?.aborted) throw error
    // Somebody else was quicker, unless it is this very start that left the lock.
    const other = await lockedServer(folder)
    if (other && (await isServer(other)) && !(error as Error).message.includes('postgres.key')) return undefined
    throw error
  }
}

/** Undefined: the server is about to stop. */
async function joinServer(server: Server, password: string, share: boolean): Promise<Embedded | 'taken' | undefined> {
  const client = await connect(server.port, password).catch(() => undefined)
  if (!client) return undefined
  const lock = async (
    how: 'pg_try_advisory_lock' | 'pg_try_advisory_lock_shared' | 'pg_advisory_unlock_shared',
    key: number
  ) => (await client.query<{ got: boolean }>(`select ${how}(${key}) as got`)).rows[0]?.got ?? false

  const shared = await lock('pg_try_advisory_lock_shared', USERS).catch(() => false)
  const alone = shared && (share || (await lock('pg_try_advisory_lock', HOST)))
  if (!alone) {
    await client.end()
    return shared ? 'taken' : undefined
  }

  const close = async () => {
    // A server that does not answer any more has nobody else to work on it.
    const left = await lock('pg_advisory_unlock_shared', USERS).catch(() => true)
    if (left && (await lock('pg_try_advisory_lock', USERS).catch(() => true)) && (await isServer(server)))
      await stopServer(server)
    await client.end().catch(() => {})
  }
  let closed: Promise<void> | undefined
  return {
    url: `postgres://${USER}:${password}@127.0.0.1:${server.port}/postgres?${new URLSearchParams(WHOLE)}`,
    close: () => {
      closed ??= close()
      return closed
    }
  }
}

/** How long a server that starts may take between making its lock and writing into it. */
const WRITING_MS = 2_000

/** A lock that names nobody is removed, unless there is a server that may have lost its name. */
async function mendLock(folder: string): Promise<void> {
  const deadline = performance.now() + WRITING_MS
  while (performance.now() < deadline) {
    if (!(await isLockBroken(folder))) return
    await delay(100)
  }
  const pid = await serverIn(folder)
  if (pid === undefined) return unlock(folder)
  throw new Error(
    pid === 'unknown'
      ? `The file ${join(folder, 'postmaster.pid')} is broken: make sure that no Postgres runs on this folder, then remove the file.`
      : `The Postgres with process id ${pid} runs on ${folder}, and its file postmaster.pid is broken: stop that process (kill -INT ${pid}), then start again.`
  )
}

/** A server on this folder that answers. A lock whose owner is gone is removed. */
async function runningServer(folder: string, password: string): Promise<Server | undefined> {
  await mendLock(folder)
  const deadline = performance.now() + PATIENCE_MS
  for (let server = await lockedServer(folder); server; server = await lockedServer(folder)) {
    if (!(await isServer(server))) {
      await unlock(folder)
      return undefined
    }
    if (await answers(server.port, password)) return server
    if (performance.now() > deadline)
      throw new Error(`The Postgres with process id ${server.pid} holds ${folder} and does not answer. Stop it.`)
    await delay(100)
  }
  return undefined
}

/** Throws when the server is there and does not know the password, since waiting does not help then. */
async function answers(port: number, password: string): Promise<boolean> {
  try {
    await (await connect(port, password)).end()
    return true
  } catch (error) {
    if ((error as { code?: string }).code === WRONG_PASSWORD)
      throw new Error(
        'The embedded Postgres refuses its password: postgres.key in DATA_DIR does not belong to the database beside it. Restore both from one backup.'
      )
    return false
  }
}

const WRONG_PASSWORD = '28P01'

/**
 * What the environment's `PG*` variables would say otherwise, which are for
 * other servers. The option is the server's default: an empty one would not do.
 */
const WHOLE = { sslmode: 'disable', options: '-c extra_float_digits=1' }

/** A single connection, since the locks are its own. It may be lost without a fuss: then they are free. */
async function connect(port: number, password: string): Promise<Client> {
  const client = new Client({
    host: '127.0.0.1',
    port,
    user: USER,
    password,
    database: 'postgres',
    ssl: false,
    options: WHOLE.options,
    connectionTimeoutMillis: 5_000
  })
  client.on('error', () => {})
  await client.connect()
  return client
}

async function keepPassword(path: string): Promise<string> {
  const kept = await readFile(path, 'utf8').catch(() => undefined)
  if (kept) return kept
  const password = randomBytes(24).toString('hex')
  // Two first starts at once agree on the one that was written first.
  await writeFile(path, password, { mode: 0o600, flag: 'wx' }).catch(() => {})
  return readFile(path, 'utf8')
}

/** The server's account has to get through this folder to its own; what lies in it has modes of its own. */
async function makePassable(dataDir: string): Promise<void> {
  const { mode } = await stat(dataDir)
  await chmod(dataDir, mode | 0o011)
}
