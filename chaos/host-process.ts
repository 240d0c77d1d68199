import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type HostProcess, startHostProcess } from 'simulator/host-process'

/** A host of the run: quick to try again, slow to give up, and believing in a CRM on the loopback. */

/** The public address of all of them, which nobody calls: a balancer would stand there. */
export const SELF_URI = 'http://chaos.example/'

interface Wanted {
  /** Which life of which host. */
  life: string
  port: string
  databaseUrl: string
  folder: string
  variables: Readonly<Record<string, string>>
  log: FileHandle
}

export const startChaosHost = ({ life, port, databaseUrl, folder, variables, log }: Wanted): HostProcess =>
  startHostProcess({
    program: fileURLToPath(new URL('host.ts', import.meta.url)),
    output: log.fd,
    connected: true,
    env: {
      NODE_OPTIONS: process.env.NODE_OPTIONS,
      NODE_COMPILE_CACHE: join(folder, 'compiled'),
      ...variables,
      CHAOS_HOST: life,
      PORT: port,
      DATA_DIR: folder,
      DATABASE_URL: databaseUrl,
      LV_PLUGIN_SELF_URI: SELF_URI,
      LV_PLUGIN_COMPONENT_REGISTRATION_SCHEME: 'http',
      LV_PLUGIN_COMPONENT_REGISTRATION_HOSTNAME: '127.0.0.1',
      LV_PLUGIN_SECRET_KEYS: `chaos:${Buffer.alloc(32, 7).toString('base64')}`,
      LV_PLUGIN_CHAT_SEND_INTERVAL: '300ms',
      LV_PLUGIN_CHAT_SEND_TIMEOUT: '3s',
      OUTBOUND_ALLOW: '127.0.0.0/8',
      LOG_LEVEL: 'warn'
    }
  })
