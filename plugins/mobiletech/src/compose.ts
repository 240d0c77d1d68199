import type { ChatMessage, Content } from 'channel-kit/chat'
import { argumentsOf, readArguments, readDirectives } from 'channel-kit/directives'
import { offloaded } from 'channel-kit/offload'
import { readTemplates } from 'channel-kit/template-list'
import { renderByCode } from 'channel-kit/templates'
import { isBlank } from 'channel-kit/typed'
import { safeLink, safeLinks } from './links.ts'
import { plainText } from './plain-text.ts'
import { ZONE } from './received-date.ts'
import { transliterated } from './septets.ts'
import type { MobiletechTools } from './settings.ts'
import { type Split, split } from './split.ts'

export type Composed = { kind: 'texts'; texts: readonly string[] } | { kind: 'impossible'; reason: string }

type Wanted = Pick<ChatMessage, 'contact' | 'content' | 'attachments' | 'template'>

/** Texts of a message of the CRM in SMS, each of which fits. */
export async function compose(
  message: Wanted,
  tools: Pick<MobiletechTools, 'settings' | 'options'>
): Promise<Composed> {
  const { settings, options } = tools
  const words = await wordsOf(message, settings.templates.templates ?? '')
  if (words.kind === 'impossible') return words

  const links = options.attachments === 'links' ? message.attachments.map(({ uri }) => safeLink(uri)) : []
  const parts = await smsOf(words.text, links, settings.text.transliterate !== false)
  switch (parts.kind) {
    case 'none':
      return impossible('An SMS carries no attachments, and there is no text')
    case 'unseen':
      return impossible('There is no text: nothing of it can be seen')
    case 'too-long':
      return impossible(`The text would take ${parts.parts} SMS, which is too many`)
    case 'parts':
      return parts.parts.length > 1 && settings.text.overflow?.[0] === 'reject'
        ? impossible(`The text does not fit into one SMS; it would take ${parts.parts.length}`)
        : { kind: 'texts', texts: parts.parts }
  }
}

const smsOf = offloaded(import.meta.url, partsOf)

/** `none`: there is no text and no link. `unseen`: what there is shows nothing in plain letters. */
export function partsOf(
  words: string,
  links: readonly string[],
  plain: boolean
): Split | { kind: 'none' } | { kind: 'unseen' } {
  const said = [safeLinks(words), ...links].filter(text => text !== '').join('\n')
  if (isBlank(said)) return { kind: 'none' }
  const text = plain ? transliterated(said) : said
  return isBlank(text) ? { kind: 'unseen' } : split(text)
}

type Words = { kind: 'words'; text: string } | { kind: 'impossible'; reason: string }

/** A template of the structure, or of `/template code key=value`; below it comes what is sent after the template. */
async function wordsOf({ contact, content, template }: Wanted, list: string): Promise<Words> {
  if (template) {
    const words = content ? await plainText(content) : ''
    return rendered({ code: template.name, named: argumentsOf(template).named, contact }, words, list)
  }
  if (!content) return { kind: 'words', text: '' }
  const { directives, text } = readDirectives(await directable(content), ['template'])
  // The markup of the rest is only read once its first lines are gone.
  const rest =
    text && (await plainText(content.format === 'html' ? { text, format: 'text' } : { text, format: content.format }))
  const [directive, second] = directives
  if (!directive) return { kind: 'words', text: rest }
  if (second) return impossible('A message has one /template at most')

  const { positional, named } = readArguments(directive.value)
  const [code, stray] = positional
  if (code === undefined || stray !== undefined)
    return impossible('A template is used by "/template code name=value"; a value of several words stands in quotes')
  return rendered({ code, named, contact }, rest, list)
}

interface Template {
  code: string
  named: Readonly<Record<string, string>>
  contact: string
}

async function rendered({ code, named, contact }: Template, rest: string, list: string): Promise<Words> {
  const { templates } = await readTemplates(list)
  const filled = await renderByCode(templates, code, { contact, ...named }, 'none', ZONE)
  if (filled.kind !== 'rendered') return impossible(filled.reason)
  const made = await plainText({ text: filled.text, format: 'text' })
  return { kind: 'words', text: [made, rest].filter(part => part !== '').join('\n') }
}

const directable = async (content: Content) => (content.format === 'html' ? plainText(content) : content.text)

const impossible = (reason: string) => ({ kind: 'impossible', reason }) as const
