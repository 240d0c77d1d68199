import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** A host as a process: quick to try again, slow to give up, and believing in a CRM on the loopback. */

const PROGRAM = fileURLToPath(new URL('host.ts', import.meta.url))
/** The public address of all of them, which nobody calls: a balancer would stand there. */
export const SELF_URI = 'http://chaos.example/'
const ENDS_MS = 40_000

interface Wanted {
  /** Which life of which host. */
  life: string
  port: string
  databaseUrl: string
  folder: string
  variables: Readonly<Record<string, string>>
  log: FileHandle
}

export function spawnHost({ life, port, databaseUrl, folder, variables, log }: Wanted): ChildProcess {
  return spawn(process.execPath, [PROGRAM], {
    stdio: ['pipe', log.fd, log.fd, 'ipc'],
    env: {
      PATH: process.env.PATH,
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
}

/** Resolves when it is gone; one that does not end in order is killed. */
export async function endProcess(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill(signal)
  const patience = new AbortController()
  const late = delay(ENDS_MS, undefined, { signal: patience.signal }).then(
    () => child.kill('SIGKILL'),
    () => undefined
  )
  await Promise.race([ended, late.then(() => ended)])
  patience.abort()
}
