import type { TObject } from 'typebox'
import { formOf } from './form.ts'
import type { Data } from './settings.ts'

/** Keys that were chosen in lists whose choices an autocomplete finds. Pure. Source: docs/protocol.md, "Settings". */

/** The keys of one list, and what its autocomplete is asked with. */
export interface Chosen {
  group: string
  name: string
  autocomplete: string
  keys: readonly string[]
  /** The values of the fields that it depends on, in the order declared. */
  dep: readonly unknown[]
  context: unknown
}

/** Every such list with chosen keys. `effective`: the settings with defaults, which a form passes for the fields it depends on. */
export const chosenIn = (schema: TObject, data: Data, effective: Data): Chosen[] =>
  Object.entries(formOf(schema).properties).flatMap(
    ([
      group,
      {
        properties,
        'x-group': { dependencies }
      }
    ]) =>
      Object.entries(properties).flatMap(
        ([
          name,
          {
            'x-field': { values: autocomplete, context = [] }
          }
        ]) => {
          const keys = keysOf(data[group]?.[name])
          if (typeof autocomplete !== 'string' || keys.length === 0) return []
          const dep = (dependencies[name] ?? []).map(other => effective[group]?.[other] ?? null)
          return [{ group, name, autocomplete, keys, dep, context }]
        }
      )
  )

const keysOf = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((key): key is string => typeof key === 'string') : []

/** Identity of a lookup without its keys: lists with the same one are one call. */
export const questionOf = ({ autocomplete, dep, context }: Chosen): string =>
  JSON.stringify([autocomplete, dep, context])
