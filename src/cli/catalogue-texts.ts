import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Channel, LookupTools } from 'channel-kit/channel'
import { Value } from 'typebox/value'
import { choicesJson, formJson } from '../protocol/form.ts'
import { VALIDATION_MESSAGES } from '../protocol/settings-errors.ts'

/** What there is to translate, found by doing what the host does when it answers the CRM, with a translator that only listens. */

/** category -> source texts. */
export type Texts = ReadonlyMap<string, ReadonlySet<string>>

interface Listener {
  texts: Texts
  hear(category: string, message: string): string
}

function listen(): Listener {
  const texts = new Map<string, Set<string>>()
  return {
    texts,
    hear(category, message) {
      if (message.trim()) texts.set(category, (texts.get(category) ?? new Set()).add(message))
      return message
    }
  }
}

/** The categories are those of src/http: `info`, `settings`, and whatever the channel itself names. */
export async function channelTexts(channel: Channel, folder: string): Promise<Texts> {
  const { texts, hear } = listen()
  hear('info', channel.info.name)
  hear('info', channel.info.description)
  const setting = (message: string) => hear('settings', message)
  formJson(channel.settings, setting)
  if (channel.form) formJson(channel.form([]), setting)
  for (const find of Object.values(channel.autocompletes ?? {})) {
    const found = Promise.try(find, { text: '', dep: [], context: [] }, offline(channel, hear))
    choicesJson(await found.catch(() => ({})), setting)
  }
  for (const [category, message] of await calls(folder)) hear(category, message)
  return texts
}

/** Choices that are there without a gateway are words of the channel's own; those of a gateway are not ours to translate. */
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

export async function hostTexts(folder: string): Promise<Texts> {
  const { texts, hear } = listen()
  for (const message of VALIDATION_MESSAGES) hear('validation', message)
  for (const [category, message] of await calls(folder)) hear(category, message)
  return texts
}

const CALL = /\b(?:translate|word)\(\s*(['"`])([\w.-]+)\1,\s*(['"`])((?:\\.|(?!\3)[^\\])+)\3/gs

/** The texts of calls that have them to the letter, such as a channel's `translate` of a category and a message. */
async function calls(folder: string): Promise<[string, string][]> {
  const found: [string, string][] = []
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile() || !/\.[jt]s$/.test(entry.name)) continue
    const source = await readFile(join(entry.parentPath, entry.name), 'utf8')
    for (const [, , category = '', , message = ''] of source.matchAll(CALL))
      found.push([category, message.replace(/\\(.)/gs, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped))])
  }
  return found
}
