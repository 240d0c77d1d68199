/** Tells whoever waits for a start what it waits for. */
export const sayWaiting = (text: string) => void process.stderr.write(`${text}\n`)

/** A command that is interrupted still ends in order, so that no server of its own is left behind: `work` stops when the signal says so. */
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
