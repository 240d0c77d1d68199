import './home-folder.ts'

import { existsSync } from 'node:fs'
import { loadEnvFile } from 'node:process'
import { readConfig } from './config.ts'
import { startHost } from './host.ts'
import { startUntilSignal } from './shutdown.ts'

/** The process of a host: configuration, start, shutdown. */

if (existsSync('.env')) loadEnvFile('.env')

try {
  const config = readConfig(process.env)
  const host = await startUntilSignal(signal => startHost(config, { signal }), { graceMs: config.queue.stopMs })
  for (const { channel, selfUri } of host?.mounted ?? [])
    host?.app.log.info({ event: 'channel.mounted', channel: channel.name, selfUri }, 'channel mounted')
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`)
  process.exit(1)
}
