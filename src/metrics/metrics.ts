import { collectDefaultMetrics, Registry } from 'prom-client'
import type { Database } from '../postgres/connect.ts'
import { createCounters } from './counters.ts'
import { createGauges, type PoolUse } from './gauges.ts'
import { channelsOf } from './labels.ts'
import { type Meter, NO_METER } from './meter.ts'
import { createSharedFigures } from './shared-figures.ts'

/** Metrics of a host, as Prometheus reads them. */

export interface Metrics {
  contentType: string
  /** The text of a scrape. */
  scrape(): Promise<string>
}

interface Deps {
  /** False: nobody may read them, and nothing is counted. */
  wanted: boolean
  database: Pick<Database, 'db'>
  /** Names of the channels that are mounted. */
  mounted: readonly string[]
  look: (registrationId: number) => Promise<{ channel: string } | undefined>
  pools: readonly PoolUse[]
}

/** `pools` may grow afterwards. */
export function createMetrics({ wanted, database, mounted, look, pools }: Deps): {
  meter: Meter
  metrics: Metrics | undefined
  close(): Promise<void>
} {
  if (!wanted) return { meter: NO_METER, metrics: undefined, close: async () => {} }
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const meter = createCounters({ registry, mounted, channels: channelsOf(mounted, look) })
  const figures = createSharedFigures(database)
  const update = createGauges({ registry, mounted, figures, pools })
  return {
    meter,
    metrics: {
      contentType: registry.contentType,
      async scrape() {
        await update()
        return registry.metrics()
      }
    },
    close: figures.close
  }
}
