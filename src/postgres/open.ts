import type { Config } from '../config.ts'
import { checkKeys, keepKeys, type OpenedSecrets, openSecrets } from '../secrets/secrets.ts'
import { checkServer, type Database, openDatabase } from './connect.ts'
import { awaited, startEmbedded } from './embedded/start.ts'
import { migrateDatabase } from './migrate.ts'

export interface Opened {
  database: Database
  secrets: OpenedSecrets
  close(): Promise<void>
}

type Given = Pick<Config, 'databaseUrl' | 'dataDir' | 'secretKeys' | 'eventsMs'>

interface How {
  /** Beside a living host. */
  share?: boolean
  /** Its statements may take long: those of work by hand, which counts whole tables. */
  patient?: boolean
  /** Ends a start that is under way. */
  signal?: AbortSignal | undefined
  /** Called with the reason why the start waits. */
  waits: (text: string) => void
}

/** The database of the configuration, started if it is the embedded one, brought to this version, its secrets readable. */
export async function openPrepared(
  config: Given,
  { share = false, patient = false, signal, waits }: How
): Promise<Opened> {
  const waiting = <Result>(what: string | (() => Promise<string>), work: Promise<Result>) =>
    saidWhile(waits, what, work)
  const server = config.databaseUrl
    ? { url: config.databaseUrl, close: async () => {} }
    : await waiting(() => awaited(config.dataDir), startEmbedded(config.dataDir, { share, signal }))
  const database = openDatabase(server.url, 10, { patient, keepsEvents: config.eventsMs > 0 })
  const close = async () => {
    await database.close()
    await server.close()
  }
  try {
    signal?.throwIfAborted()
    await waiting('the database to answer', checkServer(database))
    await waiting('the database to be brought to this version', migrateDatabase(server.url, signal))
    const secrets = openSecrets(config.secretKeys ?? (await keepKeys(config.dataDir)))
    await checkKeys(database, secrets, config.secretKeys === undefined)
    return { database, secrets, close }
  } catch (error) {
    await close()
    signal?.throwIfAborted()
    throw error
  }
}

const SAY_MS = 10_000

/** Says now and then what a start waits for. */
async function saidWhile<Result>(
  waits: How['waits'],
  what: string | (() => Promise<string>),
  work: Promise<Result>
): Promise<Result> {
  const say = async () => waits(`waiting for ${typeof what === 'string' ? what : await what()}`)
  const timer = setInterval(say, SAY_MS)
  try {
    return await work
  } finally {
    clearInterval(timer)
  }
}
