import { join } from 'node:path'

/** Causes that keep the embedded Postgres from starting, and their remedies, in a sentence each. */

/** Advice by the texts of Postgres. */
const KNOWN: readonly [RegExp, (folder: string, found: string) => string][] = [
  [
    /could not look up (?:local |effective )?user ID (\d+)/,
    (_, id) =>
      `Postgres needs a name for the user it runs as, and user id ${id} has no entry in /etc/passwd: add one, start as a user that has one, or set DATABASE_URL.`
  ],
  [
    /initialized by PostgreSQL version (\d+)/,
    (folder, version) =>
      `The data in ${folder} is of Postgres ${version}, another major version than the one that comes with this host: dump it with Postgres ${version} and restore it into a new DATA_DIR, or run Postgres ${version} and set DATABASE_URL.`
  ]
]

/** The advice on a known error, otherwise nothing. `said`: the program's output. */
export function adviceOn(said: string, folder: string): string | undefined {
  for (const [pattern, advise] of KNOWN) {
    const found = pattern.exec(said)?.[1]
    if (found !== undefined) return advise(folder, found)
  }
  return undefined
}

/** For what is not: the last of its reasons. `logPath`: where it said all of it. */
export function notStarted(folder: string, logPath: string, said: string): string {
  const reason = [...said.matchAll(/(?:FATAL|PANIC): +(.*)/g)].at(-1)?.[1] ?? said.trim().split('\n').at(-1)
  return `The embedded Postgres in ${folder} did not start (${reason || 'it said nothing'}): see ${logPath}, and mend what it names or restore DATA_DIR from a backup.`
}

export const notWhole = (folder: string, part: string) =>
  `The database in ${folder} is not whole, ${part} is missing: restore the folder from a backup, or remove it if it never held anything.`

const KEY_CURE = 'restore that file from any backup of DATA_DIR, since it never changes.'

export const keyLost = (path: string) =>
  `The password of the embedded Postgres, ${path}, is lost while its database is there: ${KEY_CURE}`

export const keyWrong = (path: string) =>
  `The embedded Postgres refuses its password: ${path} does not belong to the database beside it; ${KEY_CURE}`

export const lockBroken = (folder: string) =>
  `The file ${join(folder, 'postmaster.pid')} is broken: make sure that no Postgres runs on this folder, then remove the file.`

export const lockLost = (folder: string, pid: number) =>
  `The Postgres with process id ${pid} runs on ${folder}, and its file postmaster.pid is broken: stop that process (kill -INT ${pid}), then start again.`

export const lockHeld = (folder: string, pid: number) =>
  `The Postgres with process id ${pid} holds ${folder} and does not answer: stop it (kill -INT ${pid}), then start again.`
