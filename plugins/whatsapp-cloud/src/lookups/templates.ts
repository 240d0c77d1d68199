import type { Search } from 'channel-kit/channel'
import type { Choices } from 'channel-kit/form'
import { record, text } from 'channel-kit/json'
import { Unanswered } from 'channel-kit/unanswered'
import { callerOf } from '../graph/access.ts'
import { listTemplates, localeOf } from '../graph/templates.ts'
import { keyOf, nameOf } from '../sending/fallback.ts'
import type { WhatsAppLookupTools } from '../settings.ts'

/** The account's approved templates, by name and language, grouped by category. */
export async function templates(search: Search, tools: WhatsAppLookupTools): Promise<Choices> {
  const caller = callerOf(tools)
  const businessAccountId = text(record(tools.settings.account).businessAccountId)
  if (!caller || !businessAccountId) return {}
  const listed = await listTemplates(caller, businessAccountId, { status: 'APPROVED', ...onlyOne(search) })
  if (listed.kind !== 'listed') throw new Unanswered('reason' in listed ? listed.reason : listed.error.message)
  const found = listed.templates
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
