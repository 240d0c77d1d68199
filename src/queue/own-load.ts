import { monitorEventLoopDelay } from 'node:perf_hooks'
import packageJson from '../../package.json' with { type: 'json' }
import type { OwnLoad } from '../postgres/schema/hosts.ts'

/** Facts that a host tells people of itself with each heartbeat. */

export interface AboutHost {
  version: string
  roles: string[]
  startedAt: Date
  /** Since it was asked last. */
  load: (sending: number) => OwnLoad
}

/** The library's own timer is late by as much on an idle loop. */
const RESOLUTION_MS = 10

export function aboutHost({ web, worker }: { web: boolean; worker: boolean }, now: Date): AboutHost {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delays.enable()
  let cpu = process.cpuUsage()
  let at = performance.now()
  return {
    version: packageJson.version,
    roles: [...(web ? ['web'] : []), ...(worker ? ['worker'] : [])],
    startedAt: now,
    load(sending) {
      const { user, system } = process.cpuUsage(cpu)
      const passedMs = Math.max(1, performance.now() - at)
      const p99Ms = Math.max(0, delays.percentile(99) / 1e6 - RESOLUTION_MS)
      delays.reset()
      cpu = process.cpuUsage()
      at = performance.now()
      return {
        sending,
        cpuPercent: Math.round((user + system) / 10 / passedMs),
        rssBytes: process.memoryUsage.rss(),
        eventLoopP99Ms: Math.round(p99Ms * 10) / 10
      }
    }
  }
}
