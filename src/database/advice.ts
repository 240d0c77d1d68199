/** What Postgres says when it cannot start, and what to do about it. */
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

/** One sentence for what is known, otherwise nothing. `said`: by the program. */
export function adviceOn(said: string, folder: string): string | undefined {
  for (const [pattern, advise] of KNOWN) {
    const found = pattern.exec(said)?.[1]
    if (found !== undefined) return advise(folder, found)
  }
  return undefined
}

export const notWhole = (folder: string) =>
  `The database in ${folder} is not whole, global/pg_control is missing: restore the folder from a backup, or remove it if it never held anything.`
