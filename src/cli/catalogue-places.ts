import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Channel } from 'channel-kit/channel'
import { asFolder, HOST_TRANSLATIONS } from '../channels/catalogues.ts'
import { importChannel } from '../channels/load.ts'
import { channelTexts, hostTexts, type Texts } from './catalogue-texts.ts'

/** Where catalogues are: the host's own folder, and one in every channel. */
export interface CataloguePlace {
  folder: URL
  texts: Texts
}

export interface ChosenChannels {
  /** By the names of LV_PLUGIN_CHANNELS; undefined: the host, and all packages below plugins/ that are to be translated. */
  channel?: readonly string[]
}

const SOURCES = fileURLToPath(new URL('../', import.meta.url))
const PLUGINS = fileURLToPath(new URL('../../plugins/', import.meta.url))

export async function places({ channel: names }: ChosenChannels): Promise<CataloguePlace[]> {
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
  const all = await Promise.all((await sharing(channel, folder)).map(one => channelTexts(one, source)))
  return { folder, texts: together(all) }
}

/** The channels of the package that have the folder in common. */
async function sharing(channel: Channel, folder: URL): Promise<Channel[]> {
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

function together(all: readonly Texts[]): Texts {
  const categories = new Set(all.flatMap(texts => [...texts.keys()]))
  return new Map([...categories].map(name => [name, new Set(all.flatMap(texts => [...(texts.get(name) ?? [])]))]))
}
