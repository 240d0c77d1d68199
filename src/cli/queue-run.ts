import type { Command } from 'commander'
import { readConfig } from '../config.ts'
import { startHost } from '../host.ts'
import { startUntilSignal } from '../shutdown.ts'
import { print } from './answer.ts'

/** Runs a host of the role `worker`, whatever LV_PLUGIN_ROLES says. It shares the embedded server of another host. */
export async function queueRun(command: Command): Promise<void> {
  const { json } = command.optsWithGlobals()
  const config = readConfig(process.env)
  let channels: string[] = []
  const host = await startUntilSignal(
    signal =>
      startHost(
        { ...config, roles: { web: false, worker: true } },
        { share: true, signal, ...(json ? { logTo: process.stderr } : {}) }
      ),
    {
      graceMs: config.queue.stopMs,
      // The log has it for a person already.
      ended: signal => print({ data: { channels, signal }, text: '' }, command)
    }
  )
  if (!host) return
  channels = host.mounted.map(({ channel }) => channel.name)
  host.app.log.info({ event: 'worker.started', channels }, 'worker started')
}
