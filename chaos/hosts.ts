import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from 'simulator/free-port'
import type { HostProcess } from 'simulator/host-process'
import { startChaosHost } from './host-process.ts'
import type { End, Journal } from './journal.ts'

/** The hosts as processes of their own, and whoever starts them again when they end. */

const STARTS_MS = 60_000
const ENDS_MS = 40_000

interface Host {
  name: string
  origin: string
  life: number
  process?: HostProcess
  ready: boolean
  /** The end that it was given; without one it died by itself. */
  end?: End | undefined
}

export interface Hosts {
  /** A host, be it up or not; they take turns. */
  next(): string
  /** Ends one that is up, this one if it is, by SIGKILL or in order, and starts it again after a while. */
  end(index: number, how: 'killed' | 'stopped', downMs: number): Promise<void>
  /** Complaints of the hosts. */
  complaints(): Promise<string>
  close(): Promise<void>
}

interface Wanted {
  databaseUrl: string
  folder: string
  journal: Journal
  /** Variables of the environment, about their channel. */
  variables: Readonly<Record<string, string>>
}

export async function startHosts(count: number, { databaseUrl, folder, journal, variables }: Wanted): Promise<Hosts> {
  const log = await open(join(folder, 'hosts.log'), 'a')
  const hosts = await Promise.all(
    Array.from({ length: count }, async (_, index): Promise<Host> => {
      const origin = `http://127.0.0.1:${await freePort()}`
      return { name: `host ${index + 1}`, origin, life: 0, ready: false }
    })
  )
  let turn = 0
  let closing = false

  function start(host: Host): void {
    host.life += 1
    host.ready = false
    host.end = undefined
    host.process = startChaosHost({
      life: `${host.name}.${host.life}`,
      port: new URL(host.origin).port,
      databaseUrl,
      folder,
      variables,
      log
    })
    const { child } = host.process
    child.once('message', () => {
      host.ready = true
    })
    child.once('exit', () => {
      const dying = host.ready && !host.end
      host.ready = false
      if (closing || host.end) return
      if (dying)
        journal.ends.push({ what: `${host.name}.${host.life}`, how: 'died', at: journal.now(), untilAt: journal.now() })
      setTimeout(() => !closing && start(host), 500)
    })
  }

  for (const host of hosts) start(host)
  await within(STARTS_MS, () => hosts.every(({ ready }) => ready), 'the hosts to start')

  return {
    next: () => {
      turn += 1
      return (hosts[turn % hosts.length] as Host).origin
    },

    async end(index, how, downMs) {
      const host = [...hosts.slice(index), ...hosts].find(({ ready }) => ready)
      if (!host?.process) return
      const end: End = { what: `${host.name}.${host.life}`, how, at: journal.now() }
      host.end = end
      host.ready = false
      journal.ends.push(end)
      await host.process.end(how === 'killed' ? 'SIGKILL' : 'SIGTERM', ENDS_MS)
      await delay(downMs)
      start(host)
      await within(STARTS_MS, () => host.ready || closing, `${host.name} to start again`)
      end.untilAt = journal.now()
    },

    complaints: () => readFile(join(folder, 'hosts.log'), 'utf8'),

    async close() {
      closing = true
      await Promise.all(hosts.map(host => host.process?.end('SIGTERM', ENDS_MS)))
      await log.close()
    }
  }
}

async function within(ms: number, isSo: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + ms
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`waited ${ms} ms in vain for ${what}`)
    await delay(20)
  }
}
