import type { Field, Form, Options } from 'page-kit/web/form/form.ts'

/** The JSON Schema of a channel's settings, as far as a form is drawn from it. Its `x-` notes are those of the channel kit. */
export interface SettingsSchema {
  title: string
  description?: string
  properties: Record<string, GroupSchema>
  'x-form': { button: string }
}

interface GroupSchema {
  title: string
  description?: string
  properties: Record<string, FieldSchema>
  'x-group': { dependencies: Record<string, string[]> }
}

interface FieldSchema {
  title: string
  description?: string
  default?: unknown
  minItems?: number
  maxItems?: number
  'x-field': {
    definition: string
    context?: unknown
    multiline?: boolean
    values?: Options | string
    previewer?: string
    iframe?: string
  }
}

export const formOfSchema = (schema: SettingsSchema): Form => ({
  title: schema.title,
  description: schema.description ?? null,
  button: schema['x-form'].button,
  groups: mapped(schema.properties, (group, name) => ({
    title: group.title,
    description: group.description ?? null,
    dependencies: group['x-group'].dependencies,
    fields: mapped(drawn(group.properties), (field, key) => fieldOf(field, `${name}.${key}`))
  }))
})

/** Previews are of what is typed, for the CRM, and are not saved. */
const PREVIEWS = ['tablePreview', 'markdownPreview']
/** Fields that need the channel's uploader or a page of its own: their values are shown, and saved as they are. */
const OF_CRM = ['file', 'iframe']

const drawn = (fields: Record<string, FieldSchema>): Record<string, FieldSchema> =>
  Object.fromEntries(
    Object.entries(fields).filter(
      ([
        ,
        {
          'x-field': { definition }
        }
      ]) => !PREVIEWS.includes(definition)
    )
  )

/** `place`: the group and name of the field, by which the API finds its choices. */
function fieldOf(
  { title, description, default: given, minItems, maxItems, ...schema }: FieldSchema,
  place: string
): Field {
  const { definition, context = null, values, ...note } = schema['x-field']
  return {
    title,
    description: description ?? null,
    definition: OF_CRM.includes(definition) ? `${definition} (CRM)` : definition,
    default: given ?? null,
    context,
    ...note,
    ...(values === undefined ? {} : { values: typeof values === 'string' ? place : values }),
    limit: minItems === undefined && maxItems === undefined ? null : { min: minItems ?? null, max: maxItems ?? null }
  }
}

const mapped = <In, Out>(object: Record<string, In>, change: (value: In, name: string) => Out): Record<string, Out> =>
  Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value, name)]))
