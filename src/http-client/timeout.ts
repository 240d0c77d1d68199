/**
 * Runs `work` with a signal that aborts after so many milliseconds, or with
 * `interrupted`. Of the work nothing is kept when it has ended:
 * `AbortSignal.timeout` keeps whoever listens until the time is up, which at
 * 2,000 messages a second and 30 s for each is 60,000 messages that ended long
 * ago; and what `AbortSignal.any` makes of one may be collected before it fires.
 */
export async function within<Answer>(
  ms: number,
  work: (signal: AbortSignal) => Promise<Answer>,
  interrupted?: AbortSignal
): Promise<Answer> {
  const end = new AbortController()
  const timer = setTimeout(() => end.abort(new DOMException('There was no answer in time', 'TimeoutError')), ms).unref()
  const stop = () => end.abort(interrupted?.reason)
  interrupted?.addEventListener('abort', stop)
  try {
    return await work(end.signal)
  } finally {
    clearTimeout(timer)
    interrupted?.removeEventListener('abort', stop)
  }
}
