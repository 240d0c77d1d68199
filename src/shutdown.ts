import closeWithGrace from 'close-with-grace'
import type { FastifyBaseLogger } from 'fastify'

/** Beyond the grace of work in hand, the rest of the shutdown has so long before the process is ended. */
const SHUTDOWN_MARGIN_MS = 15_000

interface Ending {
  app: { log: Pick<FastifyBaseLogger, 'info' | 'error'> }
  close(): Promise<unknown>
}

interface How {
  /** Work in hand has so long to end. */
  graceMs: number
  /** Called when the host has closed. */
  ended?: (signal: string | undefined) => void
}

/**
 * Starts the host of a process, and closes it at a signal or an uncaught error. A start that is interrupted undoes what
 * it has done, so that no Postgres is left behind; then the result is undefined.
 */
export async function startUntilSignal<Host extends Ending>(
  start: (signal: AbortSignal) => Promise<Host>,
  { graceMs, ended = () => {} }: How
): Promise<Host | undefined> {
  const over = new AbortController()
  const starting = start(over.signal)

  const { uninstall } = closeWithGrace(
    { delay: graceMs + SHUTDOWN_MARGIN_MS, logger: false },
    async ({ err, signal }) => {
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
    }
  )

  return starting.catch(error => {
    if (over.signal.aborted) return undefined
    // close-with-grace would end the process as if nothing had failed.
    uninstall()
    throw error
  })
}
