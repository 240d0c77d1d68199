import closeWithGrace from 'close-with-grace'
import type { Command } from 'commander'
import { readConfig } from '../config.ts'
import { startHost } from '../host.ts'
import { print } from './answer.ts'

/** Jobs in hand get their own grace; after this the process ends anyhow. */
const LONGEST_END_MS = 30_000

/** A host of the role `worker`, whatever LV_PLUGIN_ROLES says, beside the one that has the embedded server if need be. */
export async function run(command: Command): Promise<void> {
  const { json } = command.optsWithGlobals()
  const host = await startHost(
    { ...readConfig(process.env), roles: { web: false, worker: true } },
    { share: true, ...(json ? { logTo: process.stderr } : {}) }
  )

  const channels = host.mounted.map(({ channel }) => channel.name)
  host.app.log.info({ channels }, 'working on the queue')
  closeWithGrace({ delay: LONGEST_END_MS, logger: false }, async ({ err, signal }) => {
    if (err) host.app.log.error({ err }, 'ending after a fault')
    else host.app.log.info({ signal }, 'ending')
    await host.close()
    // A person has read it in the log.
    if (!err) print({ data: { channels, signal }, text: '' }, command)
  })
}
