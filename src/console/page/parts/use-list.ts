import type { Problem } from 'page-kit/web/answer.ts'
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { ask } from '../api.ts'
import type { ListPage } from '../shapes.ts'

export interface ListState<Item> {
  /** Undefined until the first page is there. */
  items: readonly Item[] | undefined
  problem: Problem | undefined
  loading: boolean
  hasMore: boolean
  more: () => void
  reload: () => void
}

/** A list of the API, page by page. `path`: with its query but for the cursor; another path begins anew. */
export function useList<Item>(path: string): ListState<Item> {
  const [items, setItems] = useState<readonly Item[]>()
  const [next, setNext] = useState<string | null>(null)
  const [problem, setProblem] = useState<Problem>()
  const [loading, setLoading] = useState(true)
  const abort = useRef<AbortController>(undefined)

  const load = useCallback(
    async (cursor: string | null) => {
      abort.current?.abort()
      const controller = new AbortController()
      abort.current = controller
      setLoading(true)
      const mark = path.includes('?') ? '&' : '?'
      const result = await ask<ListPage<Item>>(cursor === null ? path : `${path}${mark}cursor=${cursor}`, {
        signal: controller.signal
      }).catch(() => undefined)
      // Aborted: another answer is on its way.
      if (result === undefined || controller.signal.aborted) return
      setLoading(false)
      setProblem(result.ok ? undefined : result.problem)
      if (!result.ok) return
      const { items: found, next: following } = result.body
      setItems(before => (cursor === null ? found : [...(before ?? []), ...found]))
      setNext(following)
    },
    [path]
  )

  useEffect(() => {
    setItems(undefined)
    load(null)
    return () => abort.current?.abort()
  }, [load])

  return {
    items,
    problem,
    loading,
    hasMore: next !== null,
    more: () => load(next),
    reload: () => load(null)
  }
}
