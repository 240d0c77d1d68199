import type { Search } from 'channel-kit/channel'
import type { Choices } from 'channel-kit/form'
import { type Json, list, record, text } from 'channel-kit/json'
import { shortened } from 'channel-kit/limits'
import type { ListedTemplate } from 'channel-kit/listed-template'
import { Unanswered } from 'channel-kit/unanswered'
import { callerOf } from '../graph/access.ts'
import { listTemplates, localeOf } from '../graph/templates.ts'
import { keyOf, nameOf } from '../sending/fallback.ts'
import { shapeOf, type TemplateShape } from '../sending/template-shape.ts'
import type { WhatsAppLookupTools } from '../settings.ts'

/** The account's approved templates, by name and language, grouped by category. */
export async function templates(search: Search, tools: WhatsAppLookupTools): Promise<Choices> {
  const found = (await listed(tools, { status: 'APPROVED', ...onlyOne(search) }))
    .filter(({ status }) => status === 'APPROVED')
    .map(template => {
      const [name, language] = [text(template.name), localeOf(text(template.language))]
      return { key: keyOf(name, language), title: `${name} (${language})`, group: text(template.category) || '—' }
    })
  const wanted = found.filter(({ key, title }) =>
    'keys' in search ? search.keys.includes(key) : title.toLowerCase().includes(search.text.trim().toLowerCase())
  )
  return Object.fromEntries(wanted.map(({ key, title, group }) => [key, { title, group }]))
}

/** An account may have thousands. */
const onlyOne = (search: Search): { name?: string } =>
  'keys' in search && search.keys.length === 1 ? { name: nameOf(search.keys[0] ?? '').name } : {}

async function listed(tools: WhatsAppLookupTools, filter: Readonly<Record<string, string>>): Promise<readonly Json[]> {
  const caller = callerOf(tools)
  const businessAccountId = text(record(tools.settings.account).businessAccountId)
  if (!caller || !businessAccountId) return []
  const answer = await listTemplates(caller, businessAccountId, filter)
  if (answer.kind !== 'listed') throw new Unanswered('reason' in answer ? answer.reason : answer.error.message)
  return answer.templates
}

/** Templates of the account, approved or not, as an operator sees them. */
export const allTemplates = async (tools: WhatsAppLookupTools): Promise<ListedTemplate[]> =>
  (await listed(tools, {})).filter(({ name }) => text(name) !== '').map(listedOf)

function listedOf(template: Json): ListedTemplate {
  const { name, language, status, category, header, ...shape } = shapeOf(template)
  const components = list(template.components).map(record)
  const of = (type: string) => components.find(component => text(component.type).toUpperCase() === type) ?? {}
  const line = (value: unknown) => shortened(text(value), LINE) || null
  const reason = text(template.rejected_reason)
  return {
    ...{ name, language, status: status || null, isUsable: status === 'APPROVED' },
    reason: reason && reason !== 'NONE' ? shortened(reason, LINE) : null,
    category: category || null,
    header: header === 'none' ? null : header === 'text' ? line(of('HEADER').text) : header,
    // Meta writes the body of an authentication template itself.
    body: text(of('BODY').text),
    footer: line(of('FOOTER').text),
    buttons: list(of('BUTTONS').buttons).map(button => shortened(text(record(button).text), LINE)),
    parameters: parametersOf({ header, ...shape })
  }
}

/** In the order in which `/template` takes them. */
const parametersOf = ({ header, headerVariables, bodyVariables, buttons, code }: Parameters): string[] => [
  ...(headerVariables.length > 0 || !['none', 'text'].includes(header) ? ['header'] : []),
  ...bodyVariables,
  ...(code ? [] : buttons.map(({ index }) => `button${index + 1}`))
]

type Parameters = Pick<TemplateShape, 'header' | 'headerVariables' | 'bodyVariables' | 'buttons' | 'code'>

const LINE = 255
