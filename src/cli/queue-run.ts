import closeWithGrace from 'close-with-grace'
import type { Command } from 'commander'
import { readConfig } from '../config.ts'
import { startEmbedded } from '../database/embedded.ts'
import { startHost } from '../host.ts'
import { print } from './answer.ts'

/** Jobs in hand get their own grace; after this the process ends anyhow. */
const LONGEST_END_MS = 30_000

/** A host of the role `worker`, whatever LV_PLUGIN_ROLES says, beside the one that has the embedded server if need be. */
export async function run(command: Command): Promise<void> {
  const config = readConfig(process.env)
  const server = config.databaseUrl
    ? { url: config.databaseUrl, close: async () => {} }
    : await startEmbedded(config.dataDir, { share: true })
  const host = await startHost({
    ...config,
    databaseUrl: server.url,
    roles: { web: false, worker: true }
  }).catch(async error => {
    await server.close()
    throw error
  })

  const channels = host.mounted.map(({ channel }) => channel.name)
  host.app.log.info({ channels }, 'working on the queue')
  closeWithGrace({ delay: LONGEST_END_MS, logger: false }, async ({ err, signal }) => {
    if (err) host.app.log.error({ err }, 'ending after a fault')
    else host.app.log.info({ signal }, 'ending')
    await host.close()
    await server.close()
    // A person has read it in the log.
    if (!err) print({ data: { channels, signal }, text: '' }, command)
  })
}
