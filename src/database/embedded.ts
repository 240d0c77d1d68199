import { randomBytes } from 'node:crypto'
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import postgres from 'postgres'
import { serverAccount } from './account.ts'
import { initialise, isServer, lockedServer, type Server, startServer, stopServer, USER, unlock } from './cluster.ts'
import { APPLICATION } from './connect.ts'

/** A Postgres of the host's own, below DATA_DIR, for those who have none. */
export interface Embedded {
  url: string
  /** Stops the server, unless it was another process's. */
  close(): Promise<void>
}

/** How long a server that is starting or stopping may take to say which it is. */
const PATIENCE_MS = 60_000

/**
 * Starts the server, or takes over the one that a killed host left behind.
 * `share`: when a living host has it, use it beside that host, as the command
 * line does; otherwise that is an error.
 */
export async function startEmbedded(dataDir: string, { share }: { share: boolean }): Promise<Embedded> {
  const folder = join(dataDir, 'postgres')
  await mkdir(dataDir, { recursive: true, mode: 0o711 })
  if (serverAccount()) await makePassable(dataDir)
  const password = await keepPassword(join(dataDir, 'postgres.key'))
  await initialise(folder, password)

  const found = await runningServer(folder, password)
  if (found && (await isShared(found.port, password))) {
    if (!share)
      throw new Error(
        `Another host is running on ${dataDir}. Stop it, choose another DATA_DIR, or give both one Postgres by DATABASE_URL.`
      )
    return { url: urlOf(found.port, password), close: async () => {} }
  }
  const server = found ?? (await startServer(folder, port => connects(port, password)))
  return { url: urlOf(server.port, password), close: () => stopServer(server) }
}

/** A server on this folder that answers. A lock whose owner is gone is removed. */
async function runningServer(folder: string, password: string): Promise<Server | undefined> {
  const deadline = performance.now() + PATIENCE_MS
  for (let server = await lockedServer(folder); server; server = await lockedServer(folder)) {
    if (!(await isServer(server))) {
      await unlock(folder)
      return undefined
    }
    if (await connects(server.port, password)) return server
    if (performance.now() > deadline)
      throw new Error(`The Postgres with process id ${server.pid} holds ${folder} and does not answer. Stop it.`)
    await delay(100)
  }
  return undefined
}

/** Whether some other host works on it: a living one always holds a connection. */
const isShared = (port: number, password: string) =>
  ask(port, password, async sql => {
    const [row] = await sql<{ others: number }[]>`
      select count(*)::int others from pg_stat_activity where application_name like ${`${APPLICATION}%`}`
    return (row?.others ?? 0) > 0
  })

const connects = (port: number, password: string) =>
  ask(port, password, async sql => {
    await sql`select 1`
    return true
  }).catch(() => false)

async function ask<Answer>(
  port: number,
  password: string,
  question: (sql: postgres.Sql) => Promise<Answer>
): Promise<Answer> {
  const sql = postgres({
    host: '127.0.0.1',
    port,
    user: USER,
    password,
    database: 'postgres',
    max: 1,
    connect_timeout: 5,
    onnotice: () => {}
  })
  try {
    return await question(sql)
  } finally {
    await sql.end({ timeout: 1 })
  }
}

const urlOf = (port: number, password: string) => `postgres://${USER}:${password}@127.0.0.1:${port}/postgres`

async function keepPassword(path: string): Promise<string> {
  const kept = await readFile(path, 'utf8').catch(() => undefined)
  if (kept) return kept
  const password = randomBytes(24).toString('hex')
  await writeFile(path, password, { mode: 0o600 })
  return password
}

/** The server's account has to get through this folder to its own; what lies in it has modes of its own. */
async function makePassable(dataDir: string): Promise<void> {
  const { mode } = await stat(dataDir)
  await chmod(dataDir, mode | 0o011)
}
