import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import postgres from 'postgres'
import { type HostProcess, type HostProcessOptions, startHostProcess } from 'simulator/host-process'
import type { Test } from 'tap'
import { until } from './harness.ts'

/** `npm start` without npm, for tests that end processes. */

/** A host that is killed when the test leaves it alive. */
export function startTestProcess(t: Test, options: HostProcessOptions): HostProcess {
  const host = startHostProcess(options)
  t.teardown(() => host.end('SIGKILL'))
  return host
}

type Changes = Pick<HostProcessOptions, 'uid' | 'gid'> & { env?: NodeJS.ProcessEnv }

/** A host on this folder and nothing else, at a port that the system picks. Its Postgres is ended with the test as well. */
export async function startProcess(t: Test, folder: string, { env, ...account }: Changes = {}) {
  t.teardown(async () => {
    const server = await serverPid(folder).catch(() => undefined)
    if (server === undefined || !isAlive(server)) return
    process.kill(server, 'SIGQUIT')
    await until('the server to end', async () => !isAlive(server))
  })
  const host = startTestProcess(t, {
    cwd: folder,
    env: { PORT: '0', DATA_DIR: folder, ...env },
    output: 'pipe',
    ...account
  })
  const readyUrl = () => {
    const [, url] = /Server listening at ([^"]+)/.exec(host.log()) ?? []
    return url && `${url}/health/ready`
  }
  return { ...host, ready: () => host.answers(readyUrl) }
}

export async function serverPid(folder: string): Promise<number> {
  return Number.parseInt(await readFile(join(folder, 'postgres', 'postmaster.pid'), 'utf8'), 10)
}

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Speaks to the folder's server beside its host. */
export async function ask<Answer>(folder: string, question: (sql: postgres.Sql) => Promise<Answer>): Promise<Answer> {
  const [, , , port] = (await readFile(join(folder, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')
  const password = await readFile(join(folder, 'postgres.key'), 'utf8')
  const sql = postgres({
    host: '127.0.0.1',
    port: Number(port),
    user: 'postgres',
    password,
    database: 'postgres',
    max: 1
  })
  try {
    return await question(sql)
  } finally {
    await sql.end()
  }
}
