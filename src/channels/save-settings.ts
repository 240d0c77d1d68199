import type { FieldErrors, LookupTools } from 'channel-kit/channel'
import { forAccount } from 'channel-kit/offload'
import type { Tools } from 'channel-kit/tools'
import type { FastifyBaseLogger } from 'fastify'
import type { TObject } from 'typebox'
import { within } from '../http-client/timeout.ts'
import type { Executor } from '../postgres/connect.ts'
import { chosenIn } from '../protocol/choices.ts'
import { formOf } from '../protocol/form.ts'
import { misplacedSecrets } from '../protocol/secret-fields.ts'
import { type Data, effectiveSettings, mergeData, readSettings } from '../protocol/settings.ts'
import { type ErrorMap, type Say, settingsErrors, withMisplaced } from '../protocol/settings-errors.ts'
import type { SettingsStore } from '../registrations/settings.ts'
import type { Registration } from '../registrations/store.ts'
import { beforeDeadline } from './call-channel.ts'
import { choiceErrors, type Find } from './check-choices.ts'
import type { Language } from './language.ts'
import type { Mounted } from './load.ts'
import type { LendTools } from './tools.ts'

/** Settings as somebody saves them, in the CRM's form or by the API: judged by their schema, the channel's choices, and the channel itself. */

/** A channel has so long to try credentials while an admin waits. */
const CHECK_TIMEOUT_MS = 20_000
/** A channel has so long to look up the chosen keys, of all lists at the same time. */
const CHOICES_TIMEOUT_MS = 10_000

export interface SettingsDeps {
  mounted: Mounted
  registration: Registration
  settings: Pick<SettingsStore, 'load' | 'save'>
  lend: LendTools
  /** The language of the errors. */
  language: ReturnType<Language>
  log: Pick<FastifyBaseLogger, 'warn'>
}

interface How {
  /** The body came as a web form, so numbers and booleans are written as texts. */
  texts: boolean
  /** Further statements of the transaction that saves; `changed`: the fields, as `group.field`. */
  also?: (tx: Executor, changed: readonly string[]) => Promise<unknown>
}

/** Errors by group and field, or the settings as they were saved. */
export type Saved = { errors: ErrorMap } | { errors?: undefined; data: Data }

export async function saveSettings(deps: SettingsDeps, body: unknown, { texts, also }: How): Promise<Saved> {
  const { mounted, registration, settings } = deps
  const schema: TObject = mounted.channel.settings
  const kept = await settings.load(registration.id)
  const data = readSettings(schema, body, kept, { texts })
  const say = sayIn(deps)
  const misplaced = misplacedSecrets(schema, body, kept, data)
  const invalid = withMisplaced(settingsErrors(schema, data, say), misplaced, say)
  if (hasErrors(invalid)) return { errors: invalid }

  const effective = effectiveSettings(schema, data)
  const [refused, unknown] = effective
    ? await Promise.all([checked(deps, effective), choicesOf(deps, { data, kept, effective })])
    : [{}, {}]
  // The channel's own error of a field replaces the one of its choices: it knows better what is wrong.
  const problems = mergeData(unknown, refused) as ErrorMap
  if (hasErrors(problems)) return { errors: problems }

  await settings.save(registration.id, schema, data, tx => also?.(tx, changedFields(schema, kept, data)))
  return { data }
}

/** Errors of what is saved, by its schema and by the channel; none where all is well. */
export async function testSettings(deps: SettingsDeps): Promise<ErrorMap> {
  const { mounted, registration, settings } = deps
  const schema: TObject = mounted.channel.settings
  const data = await settings.load(registration.id)
  const effective = effectiveSettings(schema, data)
  if (effective) return checked(deps, effective)
  return settingsErrors(schema, data, sayIn(deps))
}

const sayIn =
  ({ language }: SettingsDeps): Say =>
  (message, params) =>
    language.word('validation', message, params)

async function checked(deps: SettingsDeps, effective: Data): Promise<ErrorMap> {
  const { check } = deps.mounted.channel
  if (!check) return {}
  return tried(deps, CHECK_TIMEOUT_MS, effective, async tools => byGroup(await check(tools)))
}

function choicesOf(
  deps: SettingsDeps,
  { data, kept, effective }: { data: Data; kept: Data; effective: Data }
): Promise<ErrorMap> {
  const { settings: schema, autocompletes } = deps.mounted.channel
  const find: Find = (name, search) =>
    tried(deps, CHOICES_TIMEOUT_MS, effective, async tools => autocompletes?.[name]?.(search, tools as LookupTools))
  return choiceErrors({
    // A list without an autocomplete has no choices to check.
    lists: chosenIn(schema, data, effective).filter(({ autocomplete }) => autocompletes?.[autocomplete]),
    saved: chosenIn(schema, kept, effectiveSettings(schema, kept) ?? kept),
    find,
    say: sayIn(deps),
    log: deps.log
  })
}

/** The answer of a verb of the channel with these settings, within `ms`. */
export function tried<Answer>(
  { mounted, registration, lend, language }: Pick<SettingsDeps, 'mounted' | 'registration' | 'lend' | 'language'>,
  ms: number,
  settings: Data,
  verb: (tools: Tools) => Promise<Answer>
): Promise<Answer> {
  return within(ms, async signal => {
    const { tools } = await lend({ mounted, registration, settings, language: language.current, signal })
    return beforeDeadline(signal, () => forAccount(registration.id, () => verb(tools)))
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

/** The names alone: a value may be a secret. */
const changedFields = (schema: TObject, before: Data, after: Data): string[] =>
  Object.entries(formOf(schema).properties).flatMap(([group, { properties }]) =>
    Object.keys(properties)
      .filter(name => JSON.stringify(before[group]?.[name] ?? null) !== JSON.stringify(after[group]?.[name] ?? null))
      .map(name => `${group}.${name}`)
  )
