import type { FastifyInstance } from 'fastify'
import type { TObject } from 'typebox'
import type { Language } from '../channels/language.ts'
import type { Mounted } from '../channels/load.ts'
import { saveSettings } from '../channels/save-settings.ts'
import type { LendTools } from '../channels/tools.ts'
import { formJson, jsonSchema } from '../protocol/form.ts'
import { LIMITS } from '../protocol/limits.ts'
import { type Data, shownSettings } from '../protocol/settings.ts'
import type { SettingsStore } from '../registrations/settings.ts'
import { isWebForm, jsonParameter } from './bodies.ts'
import { BadRequest } from './errors.ts'
import { settingsGuard } from './plugin-token.ts'

interface Deps {
  mounted: Mounted
  language: Language
  settings: SettingsStore
  lend: LendTools
}

/** The settings form and what is saved by it. Source: docs/protocol.md, "Settings". */
export function settingsRoutes(app: FastifyInstance, { mounted, language, settings, lend }: Deps): void {
  const { channel } = mounted
  const schema: TObject = channel.settings
  app.addHook('onRequest', settingsGuard)

  app.get('/forms/settings', async ({ query, headers }, reply) => {
    const context = jsonParameter(query, 'context')
    const form = channel.form?.(context) ?? schema
    const { word } = language(headers['accept-language'])
    const say = (message: string) => word('settings', message)
    if (headers.accept?.includes('application/schema+json'))
      return reply.type('application/schema+json').send(jsonSchema(form, say))
    return formJson(form, say)
  })

  app.get('/data/settings', async ({ registration }) =>
    onWire(shownSettings(schema, await settings.load(registration.id)))
  )

  app.put('/data/settings', { bodyLimit: LIMITS.settings }, async ({ body, headers, registration, log }, reply) => {
    if (typeof body !== 'object' || body === null || (Array.isArray(body) && body.length > 0))
      throw new BadRequest('Settings must be a map of groups and fields')

    const saved = await saveSettings(
      { mounted, registration, settings, lend, language: language(headers['accept-language']), log },
      body,
      { texts: isWebForm(headers['content-type']) }
    )
    return saved.errors ? reply.code(400).send(saved.errors) : onWire(shownSettings(schema, saved.data))
  })
}

/** Empty settings are an empty list on the wire. */
const onWire = (data: Data) => (Object.keys(data).length === 0 ? [] : data)
