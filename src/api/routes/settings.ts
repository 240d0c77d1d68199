import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { LookupTools } from 'channel-kit/channel'
import type { FastifyBaseLogger } from 'fastify'
import { Type } from 'typebox'
import { languageOf } from '../../channels/language.ts'
import { type SettingsDeps, saveSettings, testSettings } from '../../channels/save-settings.ts'
import type { LendTools } from '../../channels/tools.ts'
import { wordsOf } from '../../postgres/sanitize-text.ts'
import { formOf, jsonSchema } from '../../protocol/form.ts'
import { LIMITS } from '../../protocol/limits.ts'
import { effectiveSettings, splitSecrets } from '../../protocol/settings.ts'
import type { ErrorMap } from '../../protocol/settings-errors.ts'
import type { SettingsStore } from '../../registrations/settings.ts'
import { writeAudit } from '../audit.ts'
import { lookUp } from '../channel-lookup.ts'
import { Missing } from '../errors.ts'
import { ById, isoOf, Nullable, Time } from '../lists.ts'
import { type MountedRegistrations, mountedRegistration } from '../mounted-registration.ts'
import type { Client } from '../tokens.ts'
import { Text } from '../validate.ts'

/** Choices of one answer at most. */
const MOST_CHOICES = 1_000
const MAX_REASON = 500

const Values = Type.Record(Type.String(), Type.Record(Type.String(), Type.Unknown()), {
  description: 'By group and field, without the secrets'
})

const Problems = Type.Record(Type.String(), Type.Record(Type.String(), Type.Array(Type.String())), {
  description: 'By group and field, in the language that was asked for'
})

const Settings = Type.Object(
  {
    form: Type.Object(
      {},
      { additionalProperties: true, description: 'JSON Schema, with `x-` notes, as the CRM gets it' }
    ),
    values: Values,
    secrets: Type.Record(Type.String(), Type.Literal(true), { description: '`group.field` of each that is stored' }),
    updatedAt: Nullable(Time)
  },
  { title: 'Settings' }
)

const Refused = Type.Object(
  {
    code: Type.Integer(),
    message: Type.String(),
    errors: Type.Optional(Type.Union([Problems, Type.Record(Type.String(), Type.String())]))
  },
  { title: 'SettingsRefused' }
)

const Choices = Type.Object(
  {
    items: Type.Array(Type.Object({ key: Type.String(), title: Type.String(), group: Nullable(Type.String()) })),
    isCut: Type.Boolean({ description: 'There are more: search with a longer text' })
  },
  { title: 'Choices' }
)

const InLanguage = { language: Type.Optional(Text(100, 'As in Accept-Language, such as pt_BR')) }
const LanguageOnly = Type.Object(InLanguage, { additionalProperties: false })

interface Deps extends MountedRegistrations {
  settings: SettingsStore
  lend: LendTools
  defaultLanguage: string
}

interface Asked {
  client: Client
  id: number
  language: string | undefined
  log: Pick<FastifyBaseLogger, 'warn'>
}

/** `/registrations/{id}/settings`: what an admin sees and saves in the CRM. */
export const settingsApi =
  ({ settings, lend, defaultLanguage, ...registrations }: Deps): FastifyPluginAsyncTypebox =>
  async app => {
    const path = '/registrations/:id/settings'
    const config = { scope: 'operate' } as const

    async function partsOf({ client, id, language, log }: Asked): Promise<SettingsDeps> {
      const { registration, mounted } = await mountedRegistration(registrations, client, id)
      return { mounted, registration, settings, lend, language: languageOf(mounted, defaultLanguage)(language), log }
    }

    async function shown({ mounted: { channel }, registration: { id }, language }: SettingsDeps) {
      const schema = channel.settings
      const { open, secret } = splitSecrets(schema, await settings.load(id))
      const stored = Object.entries(secret).flatMap(([group, fields]) =>
        Object.entries(fields).flatMap(([name, value]) => (value ? [[`${group}.${name}`, true] as const] : []))
      )
      return {
        form: jsonSchema(channel.form?.([]) ?? schema, message => language.word('settings', message)),
        values: open,
        secrets: Object.fromEntries(stored),
        updatedAt: isoOf(await settings.savedAt(id))
      }
    }

    app.get(
      path,
      {
        config,
        schema: {
          summary: 'The form of the settings, and what is saved',
          params: ById,
          querystring: LanguageOnly,
          response: { 200: Settings }
        }
      },
      async ({ params: { id }, query: { language }, client, log }) =>
        shown(await partsOf({ client, id, language, log }))
    )

    app.put(
      path,
      {
        config,
        bodyLimit: LIMITS.settings,
        schema: {
          summary: 'Save settings, as the form of the CRM does',
          description:
            'A secret that is left out stays as it is, and an empty one is cleared; any other field that is left out is empty. The channel tries what is saved, which may take 20 s.',
          params: ById,
          querystring: LanguageOnly,
          body: Type.Object(
            { values: Type.Record(Type.String(), Type.Record(Type.String(), Type.Unknown())) },
            { additionalProperties: false }
          ),
          response: { 200: Settings, 400: Refused }
        }
      },
      async ({ params: { id }, query: { language }, body: { values }, client, log }, reply) => {
        const parts = await partsOf({ client, id, language, log })
        const saved = await saveSettings(parts, values, {
          texts: false,
          also: (tx, fields) =>
            writeAudit(tx, {
              actor: client.actor,
              action: 'settings.saved',
              registrationId: id,
              details: { fields: [...fields] }
            })
        })
        if (!saved.errors) return shown(parts)
        return reply.code(400).send({ code: 400, message: 'The settings are not valid', errors: nested(saved.errors) })
      }
    )

    app.post(
      `${path}/test`,
      {
        config,
        schema: {
          summary: 'Have the channel try what is saved',
          params: ById,
          querystring: LanguageOnly,
          response: {
            200: Type.Object(
              {
                ok: Type.Boolean(),
                problems: Problems,
                reason: Nullable(Type.String({ description: 'Why the channel could not say' }))
              },
              { title: 'SettingsTest' }
            )
          }
        }
      },
      async ({ params: { id }, query: { language }, client, log }) => {
        const parts = await partsOf({ client, id, language, log })
        try {
          const problems = nested(await testSettings(parts))
          return { ok: Object.keys(problems).length === 0, problems, reason: null }
        } catch (error) {
          return { ok: false, problems: {}, reason: wordsOf(error).slice(0, MAX_REASON) }
        }
      }
    )

    app.get(
      `${path}/choices`,
      {
        config,
        schema: {
          summary: 'What there is to choose in a field whose list the channel looks up',
          description:
            'With the saved settings, those too on which the field depends. 409 where the channel cannot say now.',
          params: ById,
          querystring: Type.Object(
            { ...InLanguage, field: Text(200, '`group.field`'), query: Type.Optional(Type.String({ maxLength: 200 })) },
            { additionalProperties: false }
          ),
          response: { 200: Choices }
        }
      },
      async ({ params: { id }, query: { language, field, query = '' }, client, log }) => {
        const parts = await partsOf({ client, id, language, log })
        const { channel } = parts.mounted
        const [group = '', name = ''] = field.split('.')
        const lookup = fieldLookup(channel.settings, group, name)
        const autocomplete =
          lookup && Object.hasOwn(channel.autocompletes ?? {}, lookup.autocomplete)
            ? channel.autocompletes?.[lookup.autocomplete]
            : undefined
        if (!lookup || !autocomplete) throw new Missing('field whose choices are looked up')
        const saved = await settings.load(id)
        const effective = effectiveSettings(channel.settings, saved) ?? saved
        const dep = lookup.dependencies.map(other => effective[group]?.[other] ?? null)
        const found = await lookUp(parts, {
          name: `autocompletes.${lookup.autocomplete}`,
          settings: saved,
          verb: tools => autocomplete({ text: query, dep, context: lookup.context }, tools as LookupTools),
          log
        })
        const worded = (text: string | number | boolean) =>
          typeof text === 'string' ? parts.language.word('settings', text) : String(text)
        const items = Object.entries(found).map(([key, { title, group: of }]) => ({
          key,
          title: worded(title),
          group: of ? worded(of) : null
        }))
        return { items: items.slice(0, MOST_CHOICES), isCut: items.length > MOST_CHOICES }
      }
    )
  }

/** As the answer's schema has it, which takes no read-only list. */
const nested = (errors: ErrorMap): Record<string, Record<string, string[]>> =>
  Object.fromEntries(
    Object.entries(errors).map(([group, fields]) => [
      group,
      Object.fromEntries(Object.entries(fields).map(([name, messages]) => [name, [...messages]]))
    ])
  )

/** The lookup of a field's choices; undefined: it is no field with such a list. */
function fieldLookup(schema: Parameters<typeof formOf>[0], group: string, name: string) {
  const { properties } = formOf(schema)
  const of = Object.hasOwn(properties, group) ? properties[group] : undefined
  const field = of && Object.hasOwn(of.properties, name) ? of.properties[name] : undefined
  if (!of || !field) return undefined
  const { values: autocomplete, context = [] } = field['x-field']
  if (typeof autocomplete !== 'string') return undefined
  return { autocomplete, context, dependencies: of['x-group'].dependencies[name] ?? [] }
}
