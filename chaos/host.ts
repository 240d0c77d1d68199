import closeWithGrace from 'close-with-grace'
import { readConfig } from '../src/config.ts'
import { startHost } from '../src/host.ts'
import { chaosChannel } from './channel.ts'

/** A host as src/main.ts starts it, but with the run's channels, and ending with the run that started it. */

const life = process.env.CHAOS_HOST ?? ''
const config = readConfig(process.env)
const host = await startHost(config, {
  channels: [{ channel: chaosChannel('dedupes', true, life) }, { channel: chaosChannel('once', false, life) }]
})

closeWithGrace({ delay: 30_000, logger: false }, async ({ err }) => {
  if (err) host.app.log.error({ err }, 'ending after a fault')
  await host.close().catch(error => host.app.log.error({ err: error }, 'could not end in order'))
})
process.stdin.resume().once('end', () => process.exit(1))
process.send?.('ready')
