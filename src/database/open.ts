import type { Config } from '../config.ts'
import { checkServer, type Database, openDatabase } from './connect.ts'
import { startEmbedded } from './embedded.ts'
import { migrateDatabase } from './migrate.ts'
import { checkKeys, keepKeys, type OpenedSecrets, openSecrets } from './secrets.ts'

export interface Opened {
  database: Database
  secrets: OpenedSecrets
  close(): Promise<void>
}

type Given = Pick<Config, 'databaseUrl' | 'dataDir' | 'secretKeys'>

/** The database of the configuration, started if it is the embedded one, brought to this version, its secrets readable. */
export async function openPrepared(config: Given, { share = false } = {}): Promise<Opened> {
  const server = config.databaseUrl
    ? { url: config.databaseUrl, close: async () => {} }
    : await startEmbedded(config.dataDir, { share })
  const database = openDatabase(server.url)
  const close = async () => {
    await database.close()
    await server.close()
  }
  try {
    await checkServer(database)
    await migrateDatabase(server.url)
    const secrets = openSecrets(config.secretKeys ?? (await keepKeys(config.dataDir)))
    await checkKeys(database, secrets, config.secretKeys === undefined)
    return { database, secrets, close }
  } catch (error) {
    await close()
    throw error
  }
}
