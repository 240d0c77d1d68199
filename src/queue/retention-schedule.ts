import type { FastifyBaseLogger } from 'fastify'

/** Retention: once an hour, rows that ended longer ago than the configured time are removed. */

export interface Retention {
  /** 0: for ever. */
  keepMs: number
  now: () => Date
  interrupted: AbortSignal
  log: Pick<FastifyBaseLogger, 'info' | 'error'>
}

interface Removal {
  /** The cron job's name. */
  name: string
  pattern: string
  /** The removed rows, in words for the log. */
  what: string
  remove: (before: Date, interrupted: AbortSignal) => Promise<Readonly<Record<string, number>>>
}

export function retentionCrons({ keepMs, now, interrupted, log }: Retention, { name, pattern, what, remove }: Removal) {
  const run = async () => {
    try {
      const gone = await remove(new Date(now().getTime() - keepMs), interrupted)
      if (Object.values(gone).some(number => number > 0))
        log.info({ event: 'retention.removed', ...gone }, `retention removed ${what}`)
    } catch (error) {
      if (!interrupted.aborted)
        log.error(
          { event: 'retention.failed', err: error },
          `retention could not remove ${what}; tried again in an hour`
        )
    }
  }
  return keepMs === 0 ? [] : [{ name, pattern, run }]
}
