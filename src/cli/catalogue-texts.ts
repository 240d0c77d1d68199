import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Channel, LookupTools } from 'channel-kit/channel'
import { form } from 'channel-kit/form'
import { Value } from 'typebox/value'
import { asFolder, HOST_TRANSLATIONS } from '../channels/catalogues.ts'
import { importChannel } from '../channels/load.ts'
import { choicesJson, formJson } from '../protocol/form.ts'
import { withHostGroups } from '../protocol/host-settings.ts'
import { VALIDATION_MESSAGES } from '../protocol/settings-errors.ts'

/** The folder of catalogues of the host or of a channel, and the texts that they should hold. */
export interface CataloguePlace {
  folder: URL
  texts: Texts
}

export interface ChosenChannels {
  /** Channels by the names of LV_PLUGIN_CHANNELS; undefined: the host, and all packages below plugins/ with translations. */
  channel?: readonly string[]
}

const SOURCES = fileURLToPath(new URL('../', import.meta.url))
/** Modules of the console's pages, and of what pages share. */
const PAGES = ['../console/page/', '../../page-kit/web/'].map(path => fileURLToPath(new URL(path, import.meta.url)))
const PLUGINS = fileURLToPath(new URL('../../plugins/', import.meta.url))

export async function cataloguePlaces({ channel: names }: ChosenChannels): Promise<CataloguePlace[]> {
  if (names) return Promise.all(names.map(channelPlace))
  return [
    { folder: HOST_TRANSLATIONS, texts: await hostTexts(SOURCES) },
    ...(await Promise.all((await translatedPackages()).map(channelPlace)))
  ]
}

async function translatedPackages(): Promise<string[]> {
  const names: string[] = []
  for (const name of (await readdir(PLUGINS)).toSorted()) {
    if (!(await stat(join(PLUGINS, name, 'translations')).catch(() => undefined))) continue
    const { name: specifier } = JSON.parse(await readFile(join(PLUGINS, name, 'package.json'), 'utf8'))
    names.push(specifier as string)
  }
  return names
}

async function channelPlace(name: string): Promise<CataloguePlace> {
  const channel = await importChannel(name)
  const folder = asFolder(channel.translations)
  const source = fileURLToPath(new URL('../src/', folder))
  const all = await Promise.all((await channelsSharing(channel, folder)).map(one => channelTexts(one, source)))
  return { folder, texts: united(all) }
}

/** The channels of one package whose catalogues are in this folder. */
async function channelsSharing(channel: Channel, folder: URL): Promise<Channel[]> {
  const { name, exports } = JSON.parse(await readFile(new URL('../package.json', folder), 'utf8')) as {
    name: string
    exports: string | Readonly<Record<string, unknown>>
  }
  if (typeof exports === 'string') return [channel]
  const channels = Object.keys(exports).filter(path => path !== './simulator')
  const modules = channels.map(path => import(`${name}${path.slice(1)}`) as Promise<{ default?: Channel }>)
  return (await Promise.all(modules))
    .map(module => module.default)
    .filter(other => other?.translations instanceof URL && asFolder(other.translations).href === folder.href)
    .filter(other => other !== undefined)
}

function united(all: readonly Texts[]): Texts {
  const categories = new Set(all.flatMap(texts => [...texts.keys()]))
  return new Map([...categories].map(name => [name, new Set(all.flatMap(texts => [...(texts.get(name) ?? [])]))]))
}

/** Source texts by category. Found by the calls with which the host answers the CRM, made with a translator that collects. */
export type Texts = ReadonlyMap<string, ReadonlySet<string>>

interface Collector {
  texts: Texts
  collect(category: string, message: string): string
}

function createCollector(): Collector {
  const texts = new Map<string, Set<string>>()
  return {
    texts,
    collect(category, message) {
      if (message.trim()) texts.set(category, (texts.get(category) ?? new Set()).add(message))
      return message
    }
  }
}

/** The categories are those of src/http: `info`, `settings`, and whatever the channel itself names. */
async function channelTexts(channel: Channel, folder: string): Promise<Texts> {
  const { texts, collect } = createCollector()
  collect('info', channel.info.name)
  collect('info', channel.info.description)
  const setting = (message: string) => collect('settings', message)
  formJson(channel.settings, setting)
  if (channel.form) formJson(channel.form([]), setting)
  for (const find of Object.values(channel.autocompletes ?? {})) {
    const found = Promise.try(find, { text: '', dep: [], context: [] }, offline(channel, collect))
    choicesJson(await found.catch(() => ({})), setting)
  }
  for (const [category, message] of await calls(folder)) collect(category, message)
  return texts
}

/** Tools without a network: choices that need no gateway are the channel's own words, a gateway's are not translated. */
function offline({ options }: Channel, translate: LookupTools['translate']): LookupTools {
  const refuse = async () => {
    throw new Error('Texts are collected without a network')
  }
  const log = () => {}
  return {
    settings: {},
    options: Value.Default(options, {}) as LookupTools['options'],
    fetch: refuse,
    signal: AbortSignal.timeout(5_000),
    now: () => new Date(),
    log: { info: log, warn: log, error: log },
    translate,
    upload: refuse,
    spool: refuse,
    webhookUrl: '',
    notes: {},
    recall: async asked => asked.map(() => undefined)
  }
}

async function hostTexts(folder: string): Promise<Texts> {
  const { texts, collect } = createCollector()
  for (const message of VALIDATION_MESSAGES) collect('validation', message)
  formJson(withHostGroups(form({ title: '', button: '' }, {}), true), message => collect('settings', message))
  for (const [category, message] of await calls(folder)) collect(category, message)
  for (const pages of PAGES) for (const message of await pageTexts(pages)) collect('console', message)
  return texts
}

/** A call of `translate` or `word` whose category and text are literals. */
const CALL = /\b(?:translate|word)\(\s*(['"`])([\w.-]+)\1,\s*(['"`])((?:\\.|(?!\3)[^\\])+)\3/gs

/** A call of the words of a page whose text is a literal, or a text that is marked as one. */
const PAGE_CALL = /\b(?:t|label)\(\s*(['"`])((?:\\.|(?!\1)[^\\])+)\1/gs

async function pageTexts(folder: string): Promise<string[]> {
  const found: string[] = []
  for (const source of await sourcesIn(folder))
    for (const [, , message = ''] of source.matchAll(PAGE_CALL)) found.push(unescaped(message))
  return found
}

/** The texts of calls in the source with literal arguments, such as a channel's `translate` of a category and a message. */
async function calls(folder: string): Promise<[string, string][]> {
  const found: [string, string][] = []
  for (const source of await sourcesIn(folder))
    for (const [, , category = '', , message = ''] of source.matchAll(CALL)) found.push([category, unescaped(message)])
  return found
}

async function sourcesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true })
  const files = entries.filter(entry => entry.isFile() && /\.[jt]s$/.test(entry.name))
  return Promise.all(files.map(({ parentPath, name }) => readFile(join(parentPath, name), 'utf8')))
}

const unescaped = (text: string) => text.replace(/\\(.)/gs, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped))
