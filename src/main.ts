import { existsSync } from 'node:fs'
import { loadEnvFile } from 'node:process'
import closeWithGrace from 'close-with-grace'
import { readConfig } from './config.ts'
import { startHost } from './host.ts'

/** The process: configuration, host, and an end in order. */

/** What is in hand gets its own time; so long after that the process ends anyhow. */
const REST_MS = 15_000

if (existsSync('.env')) loadEnvFile('.env')

try {
  const config = readConfig(process.env)
  const start = new AbortController()
  const starting = startHost(config, { signal: start.signal })

  closeWithGrace({ delay: config.queue.stopMs + REST_MS, logger: false }, async ({ err, signal }) => {
    // A start that is under way takes back what it has started.
    start.abort()
    const host = await starting.catch(() => undefined)
    if (!host) return
    if (err) host.app.log.error({ err }, 'ending after a fault')
    else host.app.log.info({ signal }, 'ending')
    await host.close().catch(error => host.app.log.error({ err: error }, 'the end was not in order'))
  })

  const host = await starting
  for (const { channel, selfUri } of host.mounted) host.app.log.info({ channel: channel.name, selfUri }, 'mounted')
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`)
  process.exit(1)
}
