import type { FieldErrors } from 'channel-kit/channel'
import { forAccount } from 'channel-kit/offload'
import type { FastifyInstance } from 'fastify'
import type { TObject } from 'typebox'
import type { Mounted } from '../channels/load.ts'
import type { SettingsStore } from '../channels/settings.ts'
import type { Lend } from '../channels/tools.ts'
import { before, within } from '../outbound/deadline.ts'
import { formJson, jsonSchema } from '../protocol/form.ts'
import { LIMITS } from '../protocol/limits.ts'
import { misplacedSecrets } from '../protocol/secret-fields.ts'
import { type Data, effectiveSettings, readSettings, shownSettings } from '../protocol/settings.ts'
import { type ErrorMap, type Say, settingsErrors, withMisplaced } from '../protocol/settings-errors.ts'
import { isWebForm } from './bodies.ts'
import { BadRequest } from './errors.ts'
import type { Language } from './language.ts'
import { settingsGuard } from './protected.ts'
import { jsonParameter } from './query.ts'

/** How long a channel may take to try credentials while an admin waits. */
const CHECK_MS = 20_000

interface Parts {
  mounted: Mounted
  language: Language
  settings: SettingsStore
  lend: Lend
}

/** The settings form and what is saved by it. Source: docs/protocol.md, "Settings". */
export function settingsRoutes(app: FastifyInstance, { mounted, language, settings, lend }: Parts): void {
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

  app.put('/data/settings', { bodyLimit: LIMITS.settings }, async ({ body, headers, registration }, reply) => {
    if (typeof body !== 'object' || body === null || (Array.isArray(body) && body.length > 0))
      throw new BadRequest('Settings must be a map of groups and fields')

    const kept = await settings.load(registration.id)
    const data = readSettings(schema, body, kept, { texts: isWebForm(headers['content-type']) })
    const { current, word } = language(headers['accept-language'])
    const say: Say = (message, params) => word('validation', message, params)
    const misplaced = misplacedSecrets(schema, body, kept, data)
    const invalid = withMisplaced(settingsErrors(schema, data, say), misplaced, say)
    if (hasErrors(invalid)) return reply.code(400).send(invalid)

    const refused = await tryOut(data)
    if (hasErrors(refused)) return reply.code(400).send(refused)

    await settings.save(registration.id, schema, data)
    return onWire(shownSettings(schema, data))

    async function tryOut(data: Data): Promise<ErrorMap> {
      const effective = effectiveSettings(schema, data)
      if (!channel.check || !effective) return {}
      const { check } = channel
      const loan = { mounted, registration, settings: effective, language: current }
      return within(CHECK_MS, async signal => {
        const { tools } = await lend({ ...loan, signal })
        return byGroup(
          await before(
            signal,
            forAccount(registration.id, () => check(tools))
          )
        )
      })
    }
  })
}

const hasErrors = (errors: ErrorMap) => Object.keys(errors).length > 0

/** `group.field` as the CRM wants it, nested. */
function byGroup(errors: FieldErrors): ErrorMap {
  const nested: Record<string, Record<string, readonly string[]>> = {}
  for (const [path, messages] of Object.entries(errors)) {
    const [group = '', field = ''] = path.split('.')
    nested[group] = { ...nested[group], [field]: messages }
  }
  return nested
}

/** Nothing is a list on the wire. */
const onWire = (data: Data) => (Object.keys(data).length === 0 ? [] : data)
