import { type TArray, type TObject, type TProperties, type TSchema, Type } from 'typebox'

/**
 * Builders of a settings form. The result is one JSON Schema: it validates what
 * an admin saves, and the CRM's form, the JSON-Schema view and the list of
 * secrets are all read from it. What JSON Schema has no word for stands under
 * `x-field`, `x-group` and `x-form`. Source: docs/protocol.md, "Forms".
 */

export type Definition =
  | 'boolean'
  | 'integer'
  | 'float'
  | 'string'
  | 'markdown'
  | 'password'
  | 'file'
  | 'iframe'
  | 'listOfEnum'
  | 'tablePreview'
  | 'markdownPreview'

/** A choice of a list. Choices of the same group are shown together. */
export interface Choice {
  title: string | number | boolean
  group: string | number | boolean
}

export type Choices = Readonly<Record<string, Choice>>

/** Properties of a field that the CRM needs to draw it, beyond its JSON Schema. */
export interface FieldNote {
  definition: Definition
  context?: unknown
  multiline?: boolean
  /** Static choices by key, or the name of the autocomplete that has them. */
  values?: Choices | string
  previewer?: string
  iframe?: string
  /** The field of a secret's group that says where the secret goes. */
  sentTo?: string
}

interface Label {
  title: string
  description?: string
  /** Handed back by the CRM with autocomplete and preview requests. */
  context?: unknown
}

interface Text extends Label {
  default?: string
  minLength?: number
  maxLength?: number
  pattern?: string
  format?: string
}

interface Numeric extends Label {
  default?: number
  minimum?: number
  maximum?: number
}

/** Splits what a builder was given into JSON Schema keywords and the `x-field` note. */
const options = <Given extends Label>({ context, ...keywords }: Given, note: Omit<FieldNote, 'context'>) => ({
  ...keywords,
  'x-field': { ...note, ...(context === undefined ? {} : { context }) } satisfies FieldNote
})

export const string = (field: Text) => Type.String(options(field, { definition: 'string', multiline: false }))

export const multiline = (field: Text) => Type.String(options(field, { definition: 'string', multiline: true }))

export const markdown = (field: Text) => Type.String(options(field, { definition: 'markdown' }))

export const integer = (field: Numeric) => Type.Integer(options(field, { definition: 'integer' }))

export const float = (field: Numeric) => Type.Number(options(field, { definition: 'float' }))

export const boolean = (field: Label & { default?: boolean }) => Type.Boolean(options(field, { definition: 'boolean' }))

interface Secret extends Text {
  /**
   * The field of the same group that holds the address it is sent to. An admin who changes the origin of that address
   * has to enter the secret again: who may change settings may otherwise have it sent anywhere.
   */
  sentTo?: string
}

/** A secret: encrypted at rest, and never sent to anybody but the channel. Give it no default, the form would show it. */
export const password = ({ sentTo, ...field }: Secret) =>
  Type.String({ minLength: 1, ...options(field, { definition: 'password', ...bound(sentTo) }), writeOnly: true })

/** A secret of several lines, such as headers. A kept one is shown as a mask, which leaves it as it is when it comes back. */
export const secretLines = ({ sentTo, ...field }: Secret) =>
  Type.String({ ...options(field, { definition: 'string', multiline: true, ...bound(sentTo) }), writeOnly: true })

const bound = (sentTo: string | undefined) => (sentTo === undefined ? {} : { sentTo })

/** The URL of a file that the admin uploaded. */
export const file = (field: Label & { default?: string }) =>
  Type.String({ ...options(field, { definition: 'file' }), format: 'uri' })

/** A page of the channel's own, `iframe` being its path below the mount, or a URL. It posts any JSON value. */
export const iframe = ({ iframe, ...field }: Label & { iframe: string; default?: unknown }) =>
  Type.Unknown(options(field, { definition: 'iframe', iframe }))

interface List extends Label {
  /** The choices, a function that gives them, or the name of the autocomplete that finds them. */
  values: Choices | (() => Choices) | string
  limit?: { min?: number; max?: number }
  default?: string[]
}

/** A list of keys, each of them once, also when only one may be chosen. The host minds that: a validator compares all with all. */
export function listOfEnum({ values, limit = {}, ...field }: List): TArray<ReturnType<typeof Type.String>> {
  const known = typeof values === 'function' ? values() : values
  const dynamic = typeof known === 'string'
  if (!dynamic) assertChoices(known)

  return Type.Array(dynamic ? Type.String() : Type.String({ enum: Object.keys(known) }), {
    ...options(field, { definition: 'listOfEnum', values: known }),
    ...(limit.min === undefined ? {} : { minItems: limit.min }),
    ...(limit.max === undefined ? {} : { maxItems: limit.max })
  })
}

/** A table that the channel computes from other fields; it holds no value. */
export const tablePreview = ({ previewer, ...field }: Label & { previewer: string }) =>
  Type.Optional(Type.Unknown(options(field, { definition: 'tablePreview', previewer })))

/** A text that the channel computes from other fields; it holds no value. */
export const markdownPreview = ({ previewer, ...field }: Label & { previewer: string }) =>
  Type.Optional(Type.Unknown(options(field, { definition: 'markdownPreview', previewer })))

interface GroupNote {
  title: string
  description?: string
  /** field: the fields of the same group whose values its autocomplete or preview is given. */
  dependencies?: Readonly<Record<string, readonly string[]>>
}

export function group<const Fields extends TProperties>({ dependencies = {}, ...label }: GroupNote, fields: Fields) {
  for (const [field, others] of Object.entries(dependencies)) {
    if (!Object.hasOwn(fields, field)) throw new Error(`Invalid field name "${field}" in dependency key`)
    const unknown = others.find(other => !Object.hasOwn(fields, other))
    if (unknown !== undefined) throw new Error(`Invalid dependency "${unknown}" for "${field}"`)
  }
  for (const [name, field] of Object.entries(fields)) {
    const sentTo = (field as { 'x-field'?: FieldNote })['x-field']?.sentTo
    if (sentTo !== undefined && !Object.hasOwn(fields, sentTo))
      throw new Error(`Invalid field name "${sentTo}", where "${name}" is sent to`)
  }
  return Type.Object(fields, { ...label, 'x-group': { dependencies } })
}

interface FormNote {
  title: string
  description?: string
  button: string
}

export const form = <const Groups extends Record<string, TObject>>({ button, ...label }: FormNote, groups: Groups) =>
  Type.Object(groups, { ...label, 'x-form': { button } })

/** A value may be left out, or cleared with null. */
export const optional = <Schema extends TSchema>(schema: Schema) => Type.Optional(schema)

function assertChoices(choices: Choices): void {
  for (const [key, choice] of Object.entries(choices as Record<string, unknown>)) {
    const problem = choiceProblem(choice)
    if (problem) throw new Error(`${problem} for choice "${key}"`)
  }
}

function choiceProblem(choice: unknown): string | undefined {
  if (typeof choice !== 'object' || choice === null) return 'No item info (title & group)'
  const { title, group } = choice as Partial<Choice>
  if (title === undefined || title === null) return 'No item title'
  if (group === undefined || group === null) return 'No item group'
  if (typeof title === 'object') return 'Title is not scalar'
  if (typeof group === 'object') return 'Group is not scalar'
  return undefined
}
