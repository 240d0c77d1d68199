import closeWithGrace from 'close-with-grace'
import type { Command } from 'commander'
import { readConfig } from '../config.ts'
import { startHost } from '../host.ts'
import { print } from './answer.ts'

/** What is in hand gets its own time; so long after that the process ends anyhow. */
const REST_MS = 15_000

/** A host of the role `worker`, whatever LV_PLUGIN_ROLES says, beside the one that has the embedded server if need be. */
export async function run(command: Command): Promise<void> {
  const { json } = command.optsWithGlobals()
  const config = readConfig(process.env)
  const host = await startHost(
    { ...config, roles: { web: false, worker: true } },
    { share: true, ...(json ? { logTo: process.stderr } : {}) }
  )

  const channels = host.mounted.map(({ channel }) => channel.name)
  host.app.log.info({ channels }, 'working on the queue')
  closeWithGrace({ delay: config.queue.stopMs + REST_MS, logger: false }, async ({ err, signal }) => {
    if (err) host.app.log.error({ err }, 'ending after a fault')
    else host.app.log.info({ signal }, 'ending')
    await host.close()
    // A person has read it in the log.
    if (!err) print({ data: { channels, signal }, text: '' }, command)
  })
}
