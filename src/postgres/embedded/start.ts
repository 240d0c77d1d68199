import { randomBytes } from 'node:crypto'
import { chmod, link, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'pg'
import { keyLost, keyWrong, lockHeld } from './advice.ts'
import { serverAccount } from './os-user.ts'
import { lastWords, startServer, stopServer } from './postmaster.ts'
import { isServer, lockedServer, mendLock, type Server, unlock } from './postmaster-lock.ts'
import { initialise, isMade, wholeUrl } from './server.ts'

/** A Postgres of the host's own, below DATA_DIR, for operators without one. */
export interface Embedded {
  url: string
  /** Stops the server, unless another process works on it. */
  close(): Promise<void>
}

/** A server that is starting or stopping has so long until it answers or is gone. */
const JOIN_TIMEOUT_MS = 60_000

/**
 * Advisory locks of sessions, which end with their process whatever happens to it: every process that works on the
 * server shares the first, a host that listens has the second to itself. The last process to leave stops the server.
 */
const USERS_LOCK = 7_205_115
const HOST_LOCK = 7_205_116

/**
 * Starts the server, or joins it where it runs, be it that of a killed host.
 * `share`: beside a living host, as the command line does; otherwise that is an
 * error.
 */
export async function startEmbedded(
  dataDir: string,
  { share, signal }: { share: boolean; signal?: AbortSignal | undefined }
): Promise<Embedded> {
  const folder = folderOf(dataDir)
  await mkdir(dataDir, { recursive: true, mode: 0o711 })
  if (serverAccount()) await makePassable(dataDir)
  const access = { folder, ...(await keepPassword(join(dataDir, 'postgres.key'), folder)) }
  await initialise(folder, access.password)

  const deadline = performance.now() + JOIN_TIMEOUT_MS
  for (;;) {
    signal?.throwIfAborted()
    const server = (await runningServer(access)) ?? (await start(access, signal))
    const joined = server && (await joinServer(server, access, share))
    if (joined === 'taken')
      throw new Error(
        `Another host is running on ${dataDir}. Stop it, choose another DATA_DIR, or give both one Postgres by DATABASE_URL.`
      )
    if (joined) return joined
    // Another process is stopping the server, or was quicker to start it.
    if (performance.now() > deadline)
      throw new Error(`The embedded Postgres in ${folder} neither starts nor stops; see postgres.log beside it.`)
    await delay(100)
  }
}

const folderOf = (dataDir: string) => join(dataDir, 'postgres')

/** The reason why a start takes long, for a person who waits. */
export async function awaited(dataDir: string): Promise<string> {
  const words = await lastWords(folderOf(dataDir))
  return `the embedded Postgres to start${words ? `, which said last: ${words}` : ''}`
}

interface Access {
  folder: string
  /** The file of the password. */
  path: string
  password: string
}

async function start(access: Access, signal?: AbortSignal): Promise<Server | undefined> {
  try {
    return await startServer(access.folder, port => answers(port, access), signal)
  } catch (error) {
    // Another process was quicker.
    const other = await lockedServer(access.folder)
    if (!signal?.aborted && other && (await isServer(other, access.folder))) return undefined
    throw error
  }
}

/** Undefined: the server is about to stop. */
async function joinServer(
  server: Server,
  { folder, password }: Access,
  share: boolean
): Promise<Embedded | 'taken' | undefined> {
  const client = await connect(server.port, password).catch(() => undefined)
  if (!client) return undefined
  const lock = async (
    how: 'pg_try_advisory_lock' | 'pg_try_advisory_lock_shared' | 'pg_advisory_unlock_shared',
    key: number
  ) => (await client.query<{ got: boolean }>(`select ${how}(${key}) as got`)).rows[0]?.got ?? false

  const shared = await lock('pg_try_advisory_lock_shared', USERS_LOCK).catch(() => false)
  const alone = shared && (share || (await lock('pg_try_advisory_lock', HOST_LOCK)))
  if (!alone) {
    await client.end()
    return shared ? 'taken' : undefined
  }

  const close = async () => {
    // A server that does not answer any more serves no other process.
    const left = await lock('pg_advisory_unlock_shared', USERS_LOCK).catch(() => true)
    if (left && (await lock('pg_try_advisory_lock', USERS_LOCK).catch(() => true)) && (await isServer(server, folder)))
      await stopServer(server)
    await client.end().catch(() => {})
  }
  let closed: Promise<void> | undefined
  return {
    url: wholeUrl(server.port, password),
    close: () => {
      closed ??= close()
      return closed
    }
  }
}

/** A server on this folder that answers. A lock whose owner is gone is removed. */
async function runningServer(access: Access): Promise<Server | undefined> {
  const { folder } = access
  await mendLock(folder)
  const deadline = performance.now() + JOIN_TIMEOUT_MS
  for (let server = await lockedServer(folder); server; server = await lockedServer(folder)) {
    if (!(await isServer(server, folder))) {
      await unlock(folder)
      return undefined
    }
    if (await answers(server.port, access)) return server
    if (performance.now() > deadline) throw new Error(lockHeld(folder, server.pid))
    await delay(100)
  }
  return undefined
}

/** Throws when the server is there and does not know the password, since waiting does not help then. */
async function answers(port: number, { path, password }: Access): Promise<boolean> {
  try {
    await (await connect(port, password)).end()
    return true
  } catch (error) {
    if ((error as { code?: string }).code === WRONG_PASSWORD) throw new Error(keyWrong(path))
    return false
  }
}

const WRONG_PASSWORD = '28P01'

/** A single connection, since the locks are its own. It may be lost without a fuss: then they are free. */
async function connect(port: number, password: string): Promise<Client> {
  const client = new Client({ connectionString: wholeUrl(port, password), connectionTimeoutMillis: 5_000 })
  client.on('error', () => {})
  await client.connect()
  return client
}

async function keepPassword(path: string, folder: string): Promise<Pick<Access, 'path' | 'password'>> {
  const kept = await readFile(path, 'utf8').catch(absent)
  if (kept) return { path, password: kept }
  if (await isMade(folder)) throw new Error(keyLost(path))
  if (kept === '') await rm(path)
  // Two first starts at once agree on the one that was there first.
  const draft = `${path}.new-${process.pid}`
  await writeFile(draft, randomBytes(24).toString('hex'), { mode: 0o600 })
  await link(draft, path).catch(() => {})
  await rm(draft)
  return { path, password: await readFile(path, 'utf8') }
}

const absent = (error: NodeJS.ErrnoException): undefined => {
  if (error.code !== 'ENOENT') throw error
}

/** The server's account has to get through this folder to its own; what lies in it has modes of its own. */
async function makePassable(dataDir: string): Promise<void> {
  const { mode } = await stat(dataDir)
  await chmod(dataDir, mode | 0o011)
}
