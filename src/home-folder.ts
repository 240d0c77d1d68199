import { homedir } from 'node:os'

/**
 * Imported before everything else: a user without an entry in the passwd file
 * has no home where the environment names none, and graphile-worker's reader of
 * configuration wants one as soon as it is loaded.
 */
try {
  homedir()
} catch {
  process.env.HOME = '/'
}
