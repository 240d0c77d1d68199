import { readConfig } from '../config.ts'
import { type Opened, openPrepared } from '../database/open.ts'

/**
 * Lends the database of the environment to a command, be a host running on it
 * or not. One that is interrupted still ends in order, so that no server of its
 * own is left behind: `work` stops when the signal says so.
 */
export async function withDatabase<Result>(
  work: (opened: Opened, interrupted: AbortSignal) => Promise<Result>
): Promise<Result> {
  const interruption = new AbortController()
  const interrupt = () => interruption.abort(new Error('Interrupted. What was done so far stays done.'))
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
  try {
    const opened = await openPrepared(readConfig(process.env), { share: true })
    try {
      interruption.signal.throwIfAborted()
      return await work(opened, interruption.signal)
    } finally {
      await opened.close()
    }
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
  }
}
