import { useEffect, useState } from 'preact/hooks'
import type { Problem, Result } from './api.ts'

export interface Loaded<T> {
  value: T | undefined
  problem: Problem | undefined
  loading: boolean
  reload: () => void
}

/**
 * Loads when anything in `key` changes, forgets answers that came too late,
 * and keeps the last value on screen while a newer one is on its way.
 */
export function useLoaded<T>(load: (signal: AbortSignal) => Promise<Result<T>>, key: readonly unknown[]): Loaded<T> {
  const [turn, setTurn] = useState(0)
  const [state, setState] = useState<Omit<Loaded<T>, 'reload'>>({ value: undefined, problem: undefined, loading: true })

  useEffect(() => {
    const abort = new AbortController()
    setState(before => ({ ...before, loading: true }))
    load(abort.signal).then(
      result => {
        if (abort.signal.aborted) return
        const value = result.ok ? result.body : undefined
        setState({ value, problem: result.ok ? undefined : result.problem, loading: false })
      },
      () => undefined
    )
    return () => abort.abort()
  }, [turn, ...key])

  return { ...state, reload: () => setTurn(now => now + 1) }
}
