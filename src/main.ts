import './home-folder.ts'

import { existsSync } from 'node:fs'
import { loadEnvFile } from 'node:process'
import { readConfig } from './config.ts'
import { startHost } from './host.ts'
import { startUntilTold } from './shutdown.ts'

/** The process: configuration, host, and an end in order. */

if (existsSync('.env')) loadEnvFile('.env')

try {
  const config = readConfig(process.env)
  const host = await startUntilTold(signal => startHost(config, { signal }), { graceMs: config.queue.stopMs })
  for (const { channel, selfUri } of host?.mounted ?? [])
    host?.app.log.info({ event: 'channel.mounted', channel: channel.name, selfUri }, 'channel mounted')
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`)
  process.exit(1)
}
