import { readdir, readFile, readlink, realpath, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { lockBroken, lockLost } from './advice.ts'

/** `postmaster.pid`, by which a server says that a folder is its own. It may be of one that is gone, or broken. */

export interface Server {
  pid: number
  port: number
}

const pathOf = (folder: string) => join(folder, 'postmaster.pid')
const linesOf = (folder: string) => readFile(pathOf(folder), 'utf8').then(text => text.split('\n'))

export const unlock = (folder: string) => rm(pathOf(folder), { force: true })

/** The server that this folder's lock names, be it alive or not. */
export async function lockedServer(folder: string): Promise<Server | undefined> {
  const lines = await linesOf(folder).catch(() => [])
  const [pid, port] = [Number(lines[0]), Number(lines[3])]
  return pid > 0 ? { pid, port } : undefined
}

/** Its number may meanwhile belong to another program, a server elsewhere among them, which would keep this one from starting for ever. */
export async function isServer({ pid }: Server, folder: string): Promise<boolean> {
  if (!isAlive(pid)) return false
  const place = await realpath(folder).catch(() => undefined)
  return place === undefined || (await worksIn(pid, place)) !== 'no'
}

/** A server that starts has so long between making its lock and writing into it. */
const WRITING_MS = 2_000

/** A lock that names nobody is removed, unless there is a server that may have lost its name. */
export async function mendLock(folder: string): Promise<void> {
  const deadline = performance.now() + WRITING_MS
  while (performance.now() < deadline) {
    const lines = await linesOf(folder).catch(() => undefined)
    if (!lines || Number(lines[0]) > 0) return
    await delay(100)
  }
  const pid = await serverIn(folder)
  if (pid === undefined) return unlock(folder)
  throw new Error(pid === 'unknown' ? lockBroken(folder) : lockLost(folder, pid))
}

/** The id of a server that works in this folder, whatever the lock says; `unknown` where the system does not tell. */
async function serverIn(folder: string): Promise<number | 'unknown' | undefined> {
  const place = await realpath(folder)
  const names = await readdir('/proc').catch(() => undefined)
  let found: 'unknown' | undefined = names ? undefined : 'unknown'
  for (const pid of (names ?? []).map(Number).filter(pid => pid > 0)) {
    const works = await worksIn(pid, place)
    if (works === 'yes') return pid
    if (works === 'unknown') found = 'unknown'
  }
  return found
}

/** Tells that a process is one of the server's of this folder. */
async function worksIn(pid: number, place: string): Promise<'yes' | 'no' | 'unknown'> {
  const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => undefined)
  if (name === undefined) return (await readdir('/proc').catch(() => [])).length > 0 ? 'no' : 'unknown'
  if (name.trim() !== 'postgres') return 'no'
  return readlink(`/proc/${pid}/cwd`).then(
    found => (found === place ? 'yes' : 'no'),
    ({ code }) => (code === 'EACCES' || code === 'EPERM' ? 'unknown' : 'no')
  )
}

export const isAlive = (pid: number) => signalled(pid, 0)

/** Sends a signal; false: there is no such process. */
export function signalled(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
