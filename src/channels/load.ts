import { access } from 'node:fs/promises'
import type { Channel } from 'channel-kit/channel'
import { parseCronItem } from 'graphile-worker'
import type { TObject } from 'typebox'
import { type Config, variables } from '../config.ts'
import { formProblem } from '../protocol/form.ts'
import { withHostGroups } from '../protocol/host-settings.ts'
import { type Catalogues, mergeCatalogues } from '../protocol/language.ts'
import { HOST_TRANSLATIONS, loadCatalogues } from './catalogues.ts'

/** A channel in its place, with everything about it that does not change while the host runs. */
export interface Mounted {
  channel: Channel
  /** `/` or `/path/`, below the host's own path. */
  path: string
  /** The audience of its tokens. */
  selfUri: string
  options: Readonly<Record<string, unknown>>
  catalogues: Catalogues
  /** Its contacts are phone numbers. */
  phones: boolean
}

/** The address at which a registration's gateway calls. */
export const webhookAddress = ({ selfUri }: Pick<Mounted, 'selfUri'>, token: string) => `${selfUri}webhook/${token}`

/** Loads what LV_PLUGIN_CHANNELS names. Throws, naming the channel and what to do, when one cannot be mounted. */
export async function loadChannels({
  mounts,
  selfUri,
  env
}: Pick<Config, 'mounts' | 'selfUri' | 'env'>): Promise<Mounted[]> {
  const loaded: Mounted[] = []
  for (const mount of mounts) {
    const channel = await importChannel(mount.channel)
    const mounted = await mountChannel(channel, mount.path, selfUri, env).catch((error: Error) => {
      throw new Error(`LV_PLUGIN_CHANNELS names "${mount.channel}": ${error.message}`)
    })
    loaded.push(mounted)
  }
  assertDistinct(loaded)
  return loaded
}

/** Mounts the channels that are given, instead of those that LV_PLUGIN_CHANNELS names. */
export const mountAll = (
  config: Config,
  given: readonly { channel: Channel; path?: string }[] | undefined
): Promise<Mounted[]> =>
  given
    ? Promise.all(given.map(({ channel, path }) => mountChannel(channel, path, config.selfUri, config.env)))
    : loadChannels(config)

/** Paths of the host itself. */
const RESERVED = ['/api/', '/console/']

/** Puts a channel in its place. Throws when its options are wrong or its catalogues or icon cannot be read. */
export async function mountChannel(
  channel: Channel,
  path: string | undefined,
  selfUri: string,
  env: NodeJS.ProcessEnv
): Promise<Mounted> {
  const problem = channelProblem(channel)
  if (problem) throw new Error(`The channel "${channel.name}" cannot be mounted: ${problem}`)

  const { values, wrong } = variables(namedVariables(channel), env)
  if (wrong.length > 0)
    throw new Error(
      `Cannot start, an option of the channel "${channel.name}" is wrong:\n${wrong.map(line => `  ${line}`).join('\n')}`
    )

  await access(channel.icon).catch(() => {
    throw new Error(`The channel "${channel.name}" has no icon at ${channel.icon.href}`)
  })
  const place = path ?? `/${channel.name}/`
  if (RESERVED.some(own => place.startsWith(own)))
    throw new Error(
      `The channel "${channel.name}" cannot be mounted at ${place}: ${RESERVED.join(' and ')} are the host's own`
    )
  const { contactType, incoming } = channel.capabilities(values)
  return {
    channel: withHostForm(channel, incoming),
    path: place,
    selfUri: `${selfUri}${place.slice(1)}`,
    options: values,
    phones: contactType === 'phone',
    catalogues: mergeCatalogues(await loadCatalogues(HOST_TRANSLATIONS), await catalogues(channel))
  }
}

/** The channel with its settings form as admins see it. */
function withHostForm(channel: Channel, incoming: boolean): Channel {
  const { form } = channel
  return {
    ...channel,
    settings: withHostGroups(channel.settings, incoming),
    ...(form ? { form: context => withHostGroups(form.call(channel, context), incoming) } : {})
  }
}

/** Throws, naming the channel, when they cannot be read. */
const catalogues = ({ name, translations }: Channel) =>
  loadCatalogues(translations).catch((error: Error) => {
    throw new Error(`The channel "${name}" cannot be mounted: ${error.message}`)
  })

/**
 * `echo` is the package `channel-echo`. Where there is none, `post-letters` is
 * the export `letters` of `channel-post`: a package may have several channels.
 * A name that is not found so is taken as a package's own. Throws when it has no channel.
 */
export async function importChannel(name: string): Promise<Channel> {
  const specifier = [`channel-${name}`, ...exportsOf(name), name].find(isInstalled)
  if (!specifier)
    throw new Error(`The channel "${name}" is not installed: there is no package "channel-${name}" or "${name}"`)
  try {
    const { default: channel } = (await import(specifier)) as { default?: Channel }
    if (!channel) throw new Error('it has no default export, which should be defineChannel({…})')
    return channel
  } catch (error) {
    throw new Error(`The channel "${name}" cannot be loaded: ${(error as Error).message}`)
  }
}

const exportsOf = (name: string) =>
  [...name.matchAll(/-/g)].map(({ index }) => `channel-${name.slice(0, index)}/${name.slice(index + 1)}`)

function isInstalled(specifier: string): boolean {
  try {
    import.meta.resolve(specifier)
    return true
  } catch {
    return false
  }
}

const LOT_VERBS = ['limits', 'prepare', 'open', 'add', 'close'] as const

const hasVerbs = (lots: object) =>
  LOT_VERBS.every(verb => typeof (lots as Record<string, unknown>)[verb] === 'function')

function channelProblem(channel: Partial<Channel>): string | undefined {
  if (!/^[a-z0-9-]+$/.test(channel.name ?? '')) return 'its name must be of lower-case letters, digits and dashes'
  if (typeof channel.send !== 'function') return 'it has no send()'
  if (typeof channel.capabilities !== 'function') return 'it has no capabilities()'
  if (!channel.info?.name?.trim() || !channel.info.description?.trim()) return 'its info has no name or no description'
  if (!/^[^.][a-z0-9.-]+[^.]$/.test(channel.info.developer?.hostname?.trim().toLowerCase() ?? ''))
    return 'the hostname of its developer is none'
  if (!channel.options?.properties) return 'it has no options, which may be Type.Object({})'
  if (!(channel.icon instanceof URL)) return 'its icon is no URL'
  if (!(channel.translations instanceof URL)) return 'its translations are no URL'
  return verbProblem(channel) ?? (channel.settings ? formProblem(channel.settings) : 'it has no settings')
}

function verbProblem({ poll, lots }: Partial<Channel>): string | undefined {
  if (lots && !hasVerbs(lots)) return `its lots have not all of ${LOT_VERBS.join(', ')}`
  return poll && !isCron(poll.cron) ? `its poll.cron "${poll.cron}" is no pattern of a crontab` : undefined
}

function isCron(pattern: string): boolean {
  try {
    parseCronItem({ task: 'poll', match: pattern })
    return true
  } catch {
    return false
  }
}

/** Options as the environment has them: `CHANNEL_<NAME>_<OPTION>`, unless the option names a variable itself. */
function namedVariables({ name, options }: Channel): TObject {
  const prefix = `CHANNEL_${name.toUpperCase().replaceAll('-', '_')}_`
  const named = Object.entries(options.properties).map(([option, schema]) => [
    option,
    { env: `${prefix}${option.replace(/[A-Z]/g, letter => `_${letter}`).toUpperCase()}`, ...schema }
  ])
  return { ...options, properties: Object.fromEntries(named) }
}

function assertDistinct(loaded: readonly Mounted[]): void {
  for (const key of ['path', 'name'] as const) {
    const values = loaded.map(({ path, channel }) => (key === 'path' ? path : channel.name))
    const twice = values.find((value, index) => values.indexOf(value) !== index)
    if (twice !== undefined) throw new Error(`LV_PLUGIN_CHANNELS has the ${key} "${twice}" twice`)
  }
}
