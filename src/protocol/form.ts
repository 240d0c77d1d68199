import type { Choices, FieldNote } from 'channel-kit/form'
import type { TObject } from 'typebox'
import { type FieldSchema, limitKeywords } from './field-limits.ts'

/** Reading a settings schema as a form. Pure. Source: docs/protocol.md, "Forms". */

interface GroupSchema {
  title: string
  description?: string
  required?: readonly string[]
  properties: Readonly<Record<string, FieldSchema>>
  'x-group': { dependencies: Readonly<Record<string, readonly string[]>> }
}

export interface FormSchema {
  title: string
  description?: string
  properties: Readonly<Record<string, GroupSchema>>
  'x-form': { button: string }
}

export type Word = (message: string) => string

/** The builders of the kit make no other schema, which `formProblem` checks once. */
export const formOf = (schema: TObject) => schema as unknown as FormSchema

export const isPreview = ({ 'x-field': { definition } }: FieldSchema) =>
  definition === 'tablePreview' || definition === 'markdownPreview'

export const isSecret = (field: FieldSchema) => field.writeOnly === true

/** Why a channel's settings are no form; undefined when they are. Called once, when the channel is loaded. */
export function formProblem(schema: TObject): string | undefined {
  const form: Partial<FormSchema> = formOf(schema)
  if (!form['x-form'] || !form.title) return 'settings are not made with form()'
  for (const [name, group] of Object.entries(form.properties ?? {})) {
    if (!group['x-group'] || !group.title) return `group "${name}" is not made with group()`
    const bare = Object.entries(group.properties).find(([, field]) => !field['x-field'] || !field.title)
    if (bare) return `field "${name}.${bare[0]}" is not made with a builder of the kit`
  }
  return undefined
}

/** The form as the CRM draws it, keys in the order of the reference; an empty map is a list there. */
export function formJson(schema: TObject, word: Word) {
  const form = formOf(schema)
  return {
    title: word(form.title),
    description: text(form.description, word),
    groups: map(form.properties, group => ({
      title: word(group.title),
      description: text(group.description, word),
      fields: map(group.properties, field => fieldJson(field, word)),
      dependencies: map(group['x-group'].dependencies, names => names)
    })),
    button: word(form['x-form'].button)
  }
}

function fieldJson(field: FieldSchema, word: Word) {
  const { definition, context = null, multiline, values, previewer, iframe } = field['x-field']
  return {
    title: word(field.title),
    description: text(field.description, word),
    definition,
    default: field.default ?? null,
    context,
    ...(multiline === undefined ? {} : { multiline }),
    ...(values === undefined
      ? {}
      : { limit: limitJson(field), values: typeof values === 'string' ? values : choicesJson(values, word) }),
    ...(previewer === undefined ? {} : { previewer }),
    ...(iframe === undefined ? {} : { iframe })
  }
}

const limitJson = ({ minItems, maxItems }: FieldSchema) =>
  minItems === undefined && maxItems === undefined ? null : { min: minItems ?? null, max: maxItems ?? null }

/** Keys 0, 1, 2… make a list on the wire, as any PHP map does. */
export function choicesJson(choices: Choices, word: Word) {
  const translated = map(choices, ({ title, group, ...more }) => ({
    title: typeof title === 'string' ? word(title) : title,
    group: typeof group === 'string' ? word(group) : group,
    ...more
  }))
  return Object.keys(choices).every((key, index) => key === String(index)) ? Object.values(translated) : translated
}

/** The form in the words of JSON Schema 2020-12, translated. */
export function jsonSchema(schema: TObject, word: Word) {
  const form = formOf(schema)
  const labels = ({ title, description }: { title: string; description?: string }) => ({
    title: word(title),
    ...(description === undefined ? {} : { description: word(description) })
  })
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    ...form,
    ...labels(form),
    'x-form': { button: word(form['x-form'].button) },
    properties: mapObject(form.properties, group => ({
      ...group,
      ...labels(group),
      properties: mapObject(group.properties, field => ({
        ...field,
        ...limitKeywords(field),
        ...labels(field),
        'x-field': { ...field['x-field'], ...translatedValues(field['x-field'].values, word) }
      }))
    }))
  }
}

const translatedValues = (values: FieldNote['values'], word: Word) =>
  typeof values === 'object' ? { values: choicesJson(values, word) } : {}

const text = (source: string | undefined, word: Word) => (source === undefined ? null : word(source))

const mapObject = <In, Out>(object: Readonly<Record<string, In>>, change: (value: In) => Out): Record<string, Out> =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]))

/** An empty map leaves as `[]`, like every empty array of PHP. */
const map = <In, Out>(object: Readonly<Record<string, In>>, change: (value: In) => Out) =>
  Object.keys(object).length === 0 ? [] : mapObject(object, change)
