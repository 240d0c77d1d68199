import { useState } from 'preact/hooks'
import { useDebounced } from '../use-debounced.ts'
import { useLoaded } from '../use-loaded.ts'
import type { Field, Options } from './form.ts'
import { useFormSource } from './form-source.ts'
import { chosenOf } from './options.ts'

const PAUSE_MS = 200

/** Results of the plugin's autocomplete, and titles of the keys that are chosen already. */
export function useSearch(field: Field, value: unknown, dep: unknown[]) {
  const source = useFormSource()
  const [query, setQuery] = useState('')
  const [open, setOpen] = useState(false)
  const typed = useDebounced(query, PAUSE_MS)
  const needs = useDebounced(JSON.stringify(dep), PAUSE_MS)
  const keys = chosenOf(value)

  const search = (by: Record<string, string>, signal: AbortSignal) =>
    source.search(field.values as string, { ...by, dep: needs, context: JSON.stringify(field.context) }, signal)
  const nothing = Promise.resolve({ ok: true, body: {} as Options } as const)

  const found = useLoaded(
    signal => (open ? search({ query: typed }, signal) : nothing),
    [open, typed, needs, source.key]
  )
  const wanted = JSON.stringify(keys)
  const names = useLoaded(
    signal => (keys.length > 0 ? search({ keys: wanted }, signal) : nothing),
    [wanted, needs, source.key]
  )

  return { query, setQuery, open, setOpen, found, names, keys, settled: typed === query && !found.loading }
}
