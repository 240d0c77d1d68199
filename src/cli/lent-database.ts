import { readConfig } from '../config.ts'
import { type Opened, openPrepared } from '../postgres/open.ts'

/** Lends the database of the environment to a command, whether or not a host runs on it. */
export const withDatabase = <Result>(
  work: (opened: Opened, interrupted: AbortSignal) => Promise<Result>
): Promise<Result> =>
  interruptible(async signal => {
    const opened = await openPrepared(readConfig(process.env), {
      share: true,
      patient: true,
      signal,
      waits: sayWaiting
    })
    try {
      signal.throwIfAborted()
      return await work(opened, signal)
    } finally {
      await opened.close()
    }
  })

/** Writes what a start waits for, so that a person does not take it for stuck. */
export const sayWaiting = (text: string) => void process.stderr.write(`${text}\n`)

/**
 * Runs `work`, which stops when its signal aborts, so that an interrupted command still closes what it has opened: an
 * embedded server would be left behind.
 */
export async function interruptible<Result>(work: (interrupted: AbortSignal) => Promise<Result>): Promise<Result> {
  const interruption = new AbortController()
  const interrupt = () => interruption.abort(new Error('Interrupted. What was done so far stays done.'))
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
  try {
    return await work(interruption.signal)
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
  }
}
