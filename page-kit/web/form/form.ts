/** The settings form as a plugin describes it. A map without entries may arrive as an empty list. */
export interface Form {
  title: string
  description: string | null
  groups: Record<string, Group> | []
  button: string
}

export interface Group {
  title: string
  description: string | null
  fields: Record<string, Field> | []
  dependencies: Record<string, string[]> | []
}

export interface Field {
  title: string
  description: string | null
  definition: string
  default: unknown
  context: unknown
  multiline?: boolean
  iframe?: string
  previewer?: string
  limit?: Limit | null
  /** The options, or the name of the autocomplete that knows them. */
  values?: Options | string
}

export interface Limit {
  min: number | null
  max: number | null
}

export interface Option {
  title: string
  group: string
}

/** A list stands for the keys 0, 1, 2 and so on. */
export type Options = Record<string, Option> | Option[]

export type Values = Record<string, Record<string, unknown>>
export type Errors = Record<string, Record<string, string[]>>

const PREVIEWS = ['tablePreview', 'markdownPreview']

export const groupsOf = (form: Form): [string, Group][] => Object.entries(form.groups)
export const fieldsOf = (group: Group): [string, Field][] => Object.entries(group.fields)

/** Values of the fields that this one depends on, in the order the form declares. */
export function dependenciesOf(group: Group, field: string, values: Record<string, unknown>): unknown[] {
  const names: string[] = Object.entries(group.dependencies).find(([name]) => name === field)?.[1] ?? []
  return names.map(name => values[name] ?? null)
}

/** Saved values, else the defaults of the fields. A saved password is never sent to the page, so it starts untouched. */
export function initialValues(form: Form, saved: Values): Values {
  const start = (group: string, name: string, field: Field) => {
    const known = saved[group]?.[name]
    if (field.definition === 'password') return known ? undefined : (field.default ?? undefined)
    return known === undefined ? field.default : known
  }
  return Object.fromEntries(
    groupsOf(form).map(([group, body]) => [
      group,
      Object.fromEntries(fieldsOf(body).map(([name, field]) => [name, start(group, name, field)]))
    ])
  )
}

/** The body of the CRM's PUT: every field but previews, and a password only where it changes. */
export function submitted(form: Form, values: Values): Values {
  const kept = ([name, field]: [string, Field], group: string): [string, unknown][] => {
    if (PREVIEWS.includes(field.definition)) return []
    const value = values[group]?.[name]
    if (field.definition === 'password' && typeof value !== 'string') return []
    return [[name, value ?? null]]
  }
  return Object.fromEntries(
    groupsOf(form)
      .filter(([, body]) => fieldsOf(body).length > 0)
      .map(([group, body]) => [group, Object.fromEntries(fieldsOf(body).flatMap(entry => kept(entry, group)))])
  )
}

export const isErrors = (body: unknown): body is Errors =>
  typeof body === 'object' &&
  body !== null &&
  Object.values(body).every(fields => typeof fields === 'object' && Object.values(fields ?? {}).every(Array.isArray))
