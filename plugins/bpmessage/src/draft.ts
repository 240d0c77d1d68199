import type { Attachment, ChatMessage } from 'channel-kit/chat'
import { argumentsOf, type Directed, readArguments, readDirectives } from 'channel-kit/directives'
import { readHtmlDirectives } from 'channel-kit/html-directives'
import type { Escaping } from 'channel-kit/templates'
import { attachmentOf } from './attach.ts'
import { escaped } from './escape-html.ts'
import { oneLine } from './one-line.ts'
import type { Refusal } from './refusal.ts'
import type { CommonTools } from './settings.ts'
import { taxpayer } from './taxpayer.ts'
import { type Template, templatedOf } from './template-text.ts'
import { moment } from './time.ts'
import { fillTokens, type Known, MOST_FILLED } from './tokens.ts'

/** The draft of an item, for both channels: directives, templates, tokens, receiver. */

export interface Draft {
  /** Text of the message, or of the template that it names. */
  text: string
  /** True if the text is the template's, and so HTML in an e-mail. */
  templated: boolean
  subject: string
  campaign: string
  contract: string
  cpfCnpj: string
  rcs: { template: string; variables: Readonly<Record<string, string>> } | undefined
  /** Not before. */
  schedule: Date | undefined
  attachments: readonly Attachment[]
}

const WORDS = ['contract', 'cpf', 'campaign', 'rcs', 'schedule', 'attach', 'template'] as const
type Word = (typeof WORDS)[number]

const directed = async ({ content }: ChatMessage) =>
  (content?.format === 'html' ? readHtmlDirectives : readDirectives)(content?.text ?? '', WORDS)

/** `escaping`: of what parameters bring into a template's text. */
export async function draftOf(message: ChatMessage, tools: CommonTools, escaping: Escaping): Promise<Draft | Refusal> {
  const { directives, text } = await directed(message)
  const room = { left: MOST_FILLED }
  const draft = await filledDraft(message, tools, { directives, text, room, escaping })
  return room.left < 0
    ? { refused: tools.translate('messages', 'The message is too long with all that is filled in.') }
    : draft
}

interface Written extends Directed<Word> {
  room: { left: number }
  escaping: Escaping
}

async function filledDraft(
  message: ChatMessage,
  tools: CommonTools,
  { directives, text, room, escaping }: Written
): Promise<Draft | Refusal> {
  const said = new Map(directives.map(({ word, value }) => [word, value]))
  const known = { ...knownOf(message, said, tools), room }
  const value = (word: Word) => fill(said.get(word)).trim()
  const fill = (template = '') => fillTokens(template, known)
  const { translate, settings } = tools

  const template = templateOf(message, said.get('template'), fill)
  const templated = template
    ? await templatedOf(template, { text, known, fill, escaping }, tools)
    : { text: fillTokens(text, known, message.content?.format === 'html' ? escaped : undefined), subject: undefined }
  if ('refused' in templated) return templated

  const cpfCnpj = taxpayer(value('cpf') || fill(settings.message.cpfCnpj))
  if (cpfCnpj === undefined) return { refused: cpfProblem(value('cpf') || fill(settings.message.cpfCnpj), tools) }
  const contract = value('contract') || fill(settings.message.contract).trim()
  if (!contract)
    return { refused: translate('messages', 'The contract is missing. Begin the text with /contract and its number.') }

  const schedule = scheduleOf(said.has('schedule') ? value('schedule') : undefined, tools)
  if ('refused' in schedule) return schedule
  const attached = directives.filter(({ word }) => word === 'attach').map(({ value }) => fill(value))
  const files = filesOf(message.attachments, attached, tools)
  if ('refused' in files) return files

  return {
    text: templated.text,
    templated: template !== undefined,
    subject: oneLine(templated.subject ?? message.subject ?? ''),
    campaign: oneLine(value('campaign')),
    contract,
    cpfCnpj,
    rcs: rcsOf(said.get('rcs'), fill),
    schedule: schedule.at,
    attachments: files.attachments
  }
}

/** The template of the message's structure, to the letter, or that of `/template code name=value`, where tokens are filled in. */
function templateOf(
  { template }: ChatMessage,
  written: string | undefined,
  fill: (text: string) => string
): Template | undefined {
  if (template) return { code: template.name, named: argumentsOf(template).named }
  if (written === undefined) return undefined
  const { positional, named } = readArguments(written)
  const filled = Object.entries(named).map(([name, value]) => [name, fill(value)])
  return { code: positional[0] ?? '', named: Object.fromEntries(filled) }
}

/** A message may have waited for so long since it was written, in a lot or for the gateway: its time is now. */
const LATE_MS = 3_600_000

function scheduleOf(
  time: string | undefined,
  { settings: { connection }, now, translate }: CommonTools
): { at: Date | undefined } | Refusal {
  if (time === undefined) return { at: undefined }
  const at = moment(time, connection.timeZone)
  const late = at && now().getTime() - at.getTime()
  if (late !== undefined && late < LATE_MS) return { at: late < 0 ? at : undefined }
  return {
    refused: translate('messages', '/schedule wants a time to come, written 2026-12-31 09:30, not "{time}".', { time })
  }
}

/** Files of the chat, then those of `/attach`. */
function filesOf(
  given: readonly Attachment[],
  attached: readonly string[],
  { translate }: CommonTools
): { attachments: readonly Attachment[] } | Refusal {
  const named = attached.flatMap(value => attachmentOf(value) ?? [])
  const chat = given.flatMap(({ uri, ...file }) => {
    const address = attachmentOf(uri)?.uri
    return address === undefined ? [] : [{ ...file, uri: address }]
  })
  return named.length === attached.length && chat.length === given.length
    ? { attachments: [...chat, ...named] }
    : {
        refused: translate(
          'messages',
          'A file is attached by its address, such as /attach https://example.com/a.pdf a.pdf.'
        )
      }
}

function knownOf(
  { contact, subject }: ChatMessage,
  said: ReadonlyMap<Word, string>,
  { settings, now }: CommonTools
): Known {
  const named = (['template', 'rcs'] as const).flatMap(word =>
    Object.entries(readArguments(said.get(word) ?? '').named)
  )
  const fields = [...named, ...said].map(([name, value]) => [name.toLowerCase(), value])
  return {
    contact,
    subject: subject ?? '',
    fields: Object.fromEntries(fields),
    now: now(),
    timeZone: settings.connection.timeZone
  }
}

const cpfProblem = (given: string, { translate }: CommonTools): string =>
  given.trim()
    ? translate('messages', '"{id}" is no CPF or CNPJ.', { id: given.trim() })
    : translate('messages', 'The CPF or CNPJ is missing. Begin the text with /cpf and its number.')

function rcsOf(value: string | undefined, fill: (template: string) => string): Draft['rcs'] {
  const {
    positional: [template],
    named
  } = readArguments(value ?? '')
  if (template === undefined) return undefined
  return {
    template: fill(template),
    variables: Object.fromEntries(Object.entries(named).map(([name, text]) => [name, fill(text)]))
  }
}
