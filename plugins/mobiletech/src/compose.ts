import type { ChatMessage, Content } from 'channel-kit/chat'
import { readArguments, readDirectives } from 'channel-kit/directives'
import { readTemplates } from 'channel-kit/template-list'
import { renderByCode } from 'channel-kit/templates'
import { isBlank } from 'channel-kit/typed'
import { safeLink, safeLinks } from './links.ts'
import { plainText } from './plain-text.ts'
import { ZONE } from './received-date.ts'
import { transliterated } from './septets.ts'
import type { MobiletechTools } from './settings.ts'
import { split } from './split.ts'

export type Composed = { kind: 'texts'; texts: readonly string[] } | { kind: 'impossible'; reason: string }

type Wanted = Pick<ChatMessage, 'contact' | 'content' | 'attachments'>

/** What a message of the CRM says in SMS, each of which fits. */
export async function compose(
  message: Wanted,
  tools: Pick<MobiletechTools, 'settings' | 'options'>
): Promise<Composed> {
  const { settings, options } = tools
  const words = await wordsOf(message, settings.templates.templates ?? '')
  if (words.kind === 'impossible') return words

  const links = options.attachments === 'links' ? message.attachments.map(({ uri }) => safeLink(uri)) : []
  const said = [safeLinks(words.text), ...links].filter(text => text !== '').join('\n')
  if (isBlank(said)) return impossible('An SMS carries no attachments, and there is no text')

  const text = settings.text.transliterate === false ? said : transliterated(said)
  if (isBlank(text)) return impossible('There is no text: nothing of it can be seen')
  const parts = split(text)
  if (parts.kind === 'too-long') return impossible(`The text would take ${parts.parts} SMS, which is too many`)
  if (parts.parts.length > 1 && settings.text.overflow?.[0] === 'reject')
    return impossible(`The text does not fit into one SMS; it would take ${parts.parts.length}`)
  return { kind: 'texts', texts: parts.parts }
}

type Words = { kind: 'words'; text: string } | { kind: 'impossible'; reason: string }

/** `/template code key=value`, and below it what is sent after the template. */
async function wordsOf({ contact, content }: Wanted, list: string): Promise<Words> {
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
  const { templates } = await readTemplates(list)
  const rendered = await renderByCode(templates, code, { contact, ...named }, 'none', ZONE)
  if (rendered.kind !== 'rendered') return impossible(rendered.reason)
  const made = await plainText({ text: rendered.text, format: 'text' })
  return { kind: 'words', text: [made, rest].filter(part => part !== '').join('\n') }
}

const directable = async (content: Content) => (content.format === 'html' ? plainText(content) : content.text)

const impossible = (reason: string) => ({ kind: 'impossible', reason }) as const
