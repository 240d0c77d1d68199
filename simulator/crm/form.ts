/** Paths (`group.field`) of the password fields of a settings form. */
export function passwordFields(form: unknown): string[] {
  return entriesOf(form, 'groups').flatMap(([group, body]) =>
    entriesOf(body, 'fields')
      .filter(([, field]) => isRecord(field) && field.definition === 'password')
      .map(([field]) => `${group}.${field}`)
  )
}

/** True if the form shows what a previewer of this name makes. */
export const hasPreview = (form: unknown, previewer: string): boolean =>
  entriesOf(form, 'groups').some(([, body]) =>
    entriesOf(body, 'fields').some(([, field]) => isRecord(field) && field.previewer === previewer)
  )

/** An empty map arrives as an empty list, which has no entries either. */
const entriesOf = (value: unknown, key: string): [string, unknown][] => {
  const inner = isRecord(value) ? value[key] : undefined
  return isRecord(inner) ? Object.entries(inner) : []
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
