import { spawn } from 'node:child_process'
import { open, readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { adviceOn, notStarted } from './advice.ts'
import { runAs, serverAccount } from './os-user.ts'
import { isAlive, type Server, signalled } from './postmaster-lock.ts'
import { binaries, environmentWithoutPg } from './server.ts'

/** The process of a Postgres server. */

/** A server that recovers from a crash reads its log of changes first, which may take minutes. */
const START_TIMEOUT_MS = 300_000

/**
 * Starts the server on a free port of the loopback. `connects` tells that it is up, and throws when it never will be.
 * A server whose start fails, or is ended by `signal`, is stopped again, since no other process knows of it.
 */
export async function startServer(
  folder: string,
  connects: (port: number) => Promise<boolean>,
  signal?: AbortSignal
): Promise<Server> {
  const { postgres } = await binaries()
  const account = serverAccount()
  const port = await freePort()
  const log = await open(logOf(folder), 'w', 0o600)
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
  const child = spawn(program, args, { detached: true, stdio: ['ignore', log.fd, log.fd], env: environmentWithoutPg() })
  child.on('error', () => {})
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null || child.pid === undefined
  try {
    child.unref()
    const deadline = performance.now() + START_TIMEOUT_MS
    while (!(await connects(port))) {
      signal?.throwIfAborted()
      if (hasEnded() || performance.now() > deadline) throw await whyNot(folder)
      await delay(25)
    }
    return { pid: child.pid as number, port }
  } catch (error) {
    if (child.pid !== undefined && !hasEnded()) await stopServer({ pid: child.pid })
    throw error
  } finally {
    await log.close()
  }
}

const logOf = (folder: string) => join(dirname(folder), 'postgres.log')

async function whyNot(folder: string): Promise<Error> {
  const said = await readFile(logOf(folder), 'utf8')
  return new Error(adviceOn(said, folder) ?? notStarted(folder, logOf(folder), said))
}

/** The last line of the server's log. */
export const lastWords = async (folder: string): Promise<string | undefined> =>
  (await readFile(logOf(folder), 'utf8').catch(() => '')).trim().split('\n').at(-1) || undefined

/** Ends open transactions and stops. Resolves when the process is gone. */
export async function stopServer({ pid }: Pick<Server, 'pid'>): Promise<void> {
  signalled(pid, 'SIGINT')
  while (isAlive(pid)) await delay(25)
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
