import { useEffect, useState } from 'preact/hooks'
import type { Problem, Result } from './answer.ts'

export interface Loaded<T> {
  value: T | undefined
  problem: Problem | undefined
  /** True while the data is not, or not yet, the answer to the current question. */
  loading: boolean
  reload: () => void
}

interface Answered<T> {
  asked: string
  value: T | undefined
  problem: Problem | undefined
}

/**
 * Loads when anything in `key` changes, forgets answers that came too late,
 * and keeps the last value on screen while a newer one is on its way.
 */
export function useLoaded<T>(
  load: (signal: AbortSignal) => Promise<Result<T>>,
  key: readonly (string | boolean)[]
): Loaded<T> {
  const [turn, setTurn] = useState(0)
  const [{ asked, value, problem }, setAnswered] = useState<Answered<T>>({
    asked: '',
    value: undefined,
    problem: undefined
  })
  const asking = JSON.stringify([turn, ...key])

  useEffect(() => {
    const abort = new AbortController()
    load(abort.signal).then(
      result => {
        if (abort.signal.aborted) return
        const answer = result.ok
          ? { value: result.body, problem: undefined }
          : { value: undefined, problem: result.problem }
        setAnswered({ asked: asking, ...answer })
      },
      // An aborted request has nothing to say.
      () => undefined
    )
    return () => abort.abort()
  }, [asking])

  return { value, problem, loading: asked !== asking, reload: () => setTurn(now => now + 1) }
}
