import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import type { Meter } from '../metrics/meter.ts'
import type { Database } from '../postgres/connect.ts'
import { endExpired } from './expiry.ts'
import { bringIntoLine } from './scheduled-messages.ts'

/** Sweeps: what the times of messages bring about while nobody touches them. */

/** A cron of graphile-worker runs once a minute at most. */
const SWEEP_EVERY_MS = 2_000

interface Deps {
  database: Pick<Database, 'db'>
  now: () => Date
  log: Pick<FastifyBaseLogger, 'info' | 'error'>
  meter?: Meter
}

/** Sweeps until it is stopped. */
export function startSweeps({ database: { db }, now, log, meter }: Deps) {
  const over = new AbortController()

  async function expire(): Promise<void> {
    const ended = await endExpired(db, { now, enough: over.signal, meter })
    if (ended > 0) log.info({ event: 'expiry.ended', messages: ended }, 'messages expired before they were sent')
  }

  /** A sweep that fails costs the other nothing. */
  async function sweep(what: () => Promise<unknown>): Promise<void> {
    await what().catch(error =>
      log.error({ event: 'sweep.failed', err: error }, 'sweep of expired or scheduled messages failed; tried again')
    )
  }

  const sweeping = (async () => {
    while (!over.signal.aborted) {
      await sweep(expire)
      await sweep(() => bringIntoLine(db))
      await delay(SWEEP_EVERY_MS, undefined, { signal: over.signal }).catch(() => {})
    }
  })()

  return {
    async stop(): Promise<void> {
      over.abort()
      await sweeping
    }
  }
}
