import closeWithGrace from 'close-with-grace'
import { importChannel } from '../src/channels/load.ts'
import { readConfig } from '../src/config.ts'
import { startHost } from '../src/host.ts'
import { chaosChannel, OWN } from './channel.ts'
import { hostileChannel } from './hostile/channel.ts'
import { observeChannel } from './observe-channel.ts'

/** A host as src/main.ts starts it, but with the channels of the run, and ending with the run that started it. */

const { CHAOS_HOST: life = '', CHAOS_CHANNEL: name = OWN } = process.env
const channels =
  name === OWN ? [chaosChannel('dedupes', true), chaosChannel('once', false)] : [await importChannel(name)]
const host = await startHost(readConfig(process.env), {
  channels: [...channels.map(channel => observeChannel(channel, life)), hostileChannel()].map(channel => ({ channel }))
})

closeWithGrace({ delay: 30_000, logger: false }, async ({ err }) => {
  if (err) host.app.log.error({ event: 'host.fault', err }, 'shutdown after a fault')
  await host.close().catch(error => host.app.log.error({ err: error }, 'could not end in order'))
})
process.stdin.resume().once('end', () => process.exit(1))
process.send?.('ready')
