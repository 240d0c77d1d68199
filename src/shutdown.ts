import closeWithGrace from 'close-with-grace'
import type { FastifyBaseLogger } from 'fastify'

/** What is in hand gets its own time; so long after that the process ends anyhow. */
const REST_MS = 15_000

interface Ending {
  app: { log: Pick<FastifyBaseLogger, 'info' | 'error'> }
  close(): Promise<unknown>
}

interface How {
  /** How long what is in hand may take to end. */
  graceMs: number
  /** Told when all has ended. */
  ended?: (signal: string | undefined) => void
}

/**
 * The host of a process that ends in order when a signal or a fault says so. A
 * start that is under way takes back what it has started, so that no Postgres is
 * left behind; then there is no host.
 */
export async function startUntilTold<Host extends Ending>(
  start: (signal: AbortSignal) => Promise<Host>,
  { graceMs, ended = () => {} }: How
): Promise<Host | undefined> {
  const over = new AbortController()
  const starting = start(over.signal)

  const { uninstall } = closeWithGrace({ delay: graceMs + REST_MS, logger: false }, async ({ err, signal }) => {
    over.abort()
    const host = await starting.catch(() => undefined)
    if (!host) {
      if (err) process.stderr.write(`${err.message}\n`)
      return
    }
    if (err) host.app.log.error({ event: 'host.fault', err }, 'shutdown after a fault')
    else host.app.log.info({ event: 'host.shutdown', signal }, 'shutdown')
    await host
      .close()
      .catch(error => host.app.log.error({ event: 'host.shutdown_failed', err: error }, 'shutdown failed'))
    if (!err) ended(signal)
  })

  return starting.catch(error => {
    if (over.signal.aborted) return undefined
    // It would end the process as if nothing had failed.
    uninstall()
    throw error
  })
}
