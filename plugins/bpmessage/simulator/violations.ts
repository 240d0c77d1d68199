import type { Item, Store } from './store.ts'
import { asItem } from './validation.ts'

/** Violations of rules that no caller may break. A caller is not held to what it was not told. */
export function violationsOf({ lots, invoices, wrongs, calls }: Store): string[] {
  const doubtful = lots.filter(lot => lot.doubtful)
  const items = [...lots.flatMap(lot => lot.items), ...invoices.map(({ item }) => item)]
  return [
    ...wrongs,
    ...repeated(items),
    ...lots
      .filter(lot => !doubtful.includes(lot))
      .flatMap(({ id, items, finished, refusals }) => [
        ...(items.length > 0 && !finished ? [`lot ${id} has ${items.length} items and was never finished`] : []),
        // A lot whose items are all refused has nothing to send, so there is nothing to finish.
        ...(items.length === 0 && (finished || refusals === 0) ? [`lot ${id} is empty`] : [])
      ]),
    ...calls.filter(({ body }) => hasInternalKey(body)).map(({ path }) => `an internal key was sent to ${path}`)
  ]
}

/** By the id that the caller gave in metaData; e-mails have none, so they are told apart by all that they say. */
function repeated(items: readonly Item[]): string[] {
  const seen = new Set<string>()
  return items.flatMap(item => {
    const key = idOf(item) ?? JSON.stringify(item)
    if (seen.has(key)) return [`item ${key} came twice`]
    seen.add(key)
    return []
  })
}

export function idOf({ metaData }: Item): string | undefined {
  try {
    const { id } = asItem(JSON.parse(String(metaData)))
    return typeof id === 'string' ? id : undefined
  } catch {
    return undefined
  }
}

function hasInternalKey(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(([key, inner]) => key.startsWith('_') || hasInternalKey(inner))
}
