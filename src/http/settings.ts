import type { FieldErrors, LookupTools } from 'channel-kit/channel'
import { forAccount } from 'channel-kit/offload'
import type { Tools } from 'channel-kit/tools'
import type { FastifyInstance } from 'fastify'
import type { TObject } from 'typebox'
import { beforeDeadline } from '../channels/call-channel.ts'
import type { Mounted } from '../channels/load.ts'
import type { LendTools } from '../channels/tools.ts'
import { within } from '../http-client/timeout.ts'
import { chosenIn } from '../protocol/choices.ts'
import { formJson, jsonSchema } from '../protocol/form.ts'
import { LIMITS } from '../protocol/limits.ts'
import { misplacedSecrets } from '../protocol/secret-fields.ts'
import { type Data, effectiveSettings, mergeData, readSettings, shownSettings } from '../protocol/settings.ts'
import { type ErrorMap, type Say, settingsErrors, withMisplaced } from '../protocol/settings-errors.ts'
import type { SettingsStore } from '../registrations/settings.ts'
import { isWebForm, jsonParameter } from './bodies.ts'
import { choiceErrors, type Find } from './choices.ts'
import { BadRequest } from './errors.ts'
import type { Language } from './language.ts'
import { settingsGuard } from './plugin-token.ts'

/** A channel has so long to try credentials while an admin waits. */
const CHECK_TIMEOUT_MS = 20_000
/** A channel has so long to look up the chosen keys, of all lists at the same time. */
const CHOICES_TIMEOUT_MS = 10_000

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

    const kept = await settings.load(registration.id)
    const data = readSettings(schema, body, kept, { texts: isWebForm(headers['content-type']) })
    const { current, word } = language(headers['accept-language'])
    const say: Say = (message, params) => word('validation', message, params)
    const misplaced = misplacedSecrets(schema, body, kept, data)
    const invalid = withMisplaced(settingsErrors(schema, data, say), misplaced, say)
    if (hasErrors(invalid)) return reply.code(400).send(invalid)

    const effective = effectiveSettings(schema, data)
    const [refused, unknown] = effective ? await Promise.all([checked(effective), chosen(effective)]) : [{}, {}]
    // The channel's own error of a field replaces the one of its choices: it knows better what is wrong.
    const problems = mergeData(unknown, refused)
    if (hasErrors(problems)) return reply.code(400).send(problems)

    await settings.save(registration.id, schema, data)
    return onWire(shownSettings(schema, data))

    async function checked(effective: Data): Promise<ErrorMap> {
      const { check } = channel
      if (!check) return {}
      return tried(CHECK_TIMEOUT_MS, effective, async tools => byGroup(await check(tools)))
    }

    function chosen(effective: Data): Promise<ErrorMap> {
      const find: Find = (name, search) =>
        tried(CHOICES_TIMEOUT_MS, effective, async tools =>
          channel.autocompletes?.[name]?.(search, tools as LookupTools)
        )
      return choiceErrors({
        // A list without an autocomplete has no choices to check.
        lists: chosenIn(schema, data, effective).filter(({ autocomplete }) => channel.autocompletes?.[autocomplete]),
        saved: chosenIn(schema, kept, effectiveSettings(schema, kept) ?? kept),
        find,
        say,
        log
      })
    }

    /** The answer of a verb of the channel with these settings, within `ms`. */
    function tried<Answer>(ms: number, effective: Data, verb: (tools: Tools) => Promise<Answer>): Promise<Answer> {
      return within(ms, async signal => {
        const { tools } = await lend({ mounted, registration, settings: effective, language: current, signal })
        return beforeDeadline(signal, () => forAccount(registration.id, () => verb(tools)))
      })
    }
  })
}

const hasErrors = (errors: object) => Object.keys(errors).length > 0

/** `group.field` as the CRM wants it, nested. */
function byGroup(errors: FieldErrors): ErrorMap {
  const nested: Record<string, Record<string, readonly string[]>> = {}
  for (const [path, messages] of Object.entries(errors)) {
    const [group = '', field = ''] = path.split('.')
    nested[group] = { ...nested[group], [field]: messages }
  }
  return nested
}

/** Empty settings are an empty list on the wire. */
const onWire = (data: Data) => (Object.keys(data).length === 0 ? [] : data)
