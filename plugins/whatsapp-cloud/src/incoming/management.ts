import type { GatewayEvent, NoteEvent } from 'channel-kit/event'
import { type Json, list, record, text } from 'channel-kit/json'
import { templateNote } from '../graph/templates.ts'
import { newsOf } from './account-news.ts'
import { type Skipped, skipped } from './content.ts'
import { renamed } from './customer.ts'
import { eventsOfPreferences } from './opt-out.ts'

/** Events about the account itself: kept for the form's preview, and told to API clients, never a line of a chat. README.md, "State". */

const TEMPLATE_FIELDS = [
  'message_template_status_update',
  'message_template_quality_update',
  'message_template_components_update',
  'template_category_update'
]

/** Each has one note, its last value. */
export const ACCOUNT_FIELDS = [
  'account_update',
  'account_alerts',
  'account_review_update',
  'business_capability_update',
  'phone_number_name_update',
  'phone_number_quality_update',
  'security'
]

/** Notes that webhooks of other numbers come here. */
export const ASTRAY = 'astray'

/** Most characters of a value that is kept. */
const LONGEST = 4_000

/** `time`: that of the webhook's entry. */
export function eventsOfField(field: string, value: Json, time: string): GatewayEvent[] | Skipped {
  if (TEMPLATE_FIELDS.includes(field)) return [...eventsOfTemplate(field, value), ...newsOf({ field, value, time })]
  if (ACCOUNT_FIELDS.includes(field)) return [note(field, value), ...newsOf({ field, value, time })]
  if (field === 'user_id_update') return list(value.user_id_update).flatMap(update => eventsOfUserId(record(update)))
  if (field === 'user_preferences') return eventsOfPreferences(value)
  if (field === 'history') return eventsOfHistory(value)
  return skipped(`field ${field}`)
}

export const note = (name: string, value: Json): NoteEvent => ({
  kind: 'note',
  name,
  value: JSON.stringify(value).length > LONGEST ? { event: text(value.event) } : value
})

/** The noted shape of the template is outdated: forgotten, so that the API is asked again. */
function eventsOfTemplate(field: string, value: Json): NoteEvent[] {
  const { message_template_name: name, message_template_language: language } = value
  return [
    note('templates', { field, ...value }),
    ...(text(name) && text(language)
      ? [{ kind: 'note', name: templateNote(text(name), text(language)), value: null } as const]
      : [])
  ]
}

function eventsOfUserId({ user_id, wa_id }: Json): GatewayEvent[] {
  const { previous, current } = record(user_id)
  return [...renamed(text(previous), text(current)), ...renamed(text(current), text(wa_id).replace(/\D/g, ''))]
}

/** Chats from before the set-up are never told as if they were written now; how far Meta is with them is all there is to know. */
function eventsOfHistory({ history }: Json): NoteEvent[] | Skipped {
  const chunks = list(history).map(record)
  const told = chunks.flatMap(({ metadata, errors }) => {
    const { phase, progress } = record(metadata)
    const [error] = list(errors).map(record)
    if (error) return [note('history', { code: error.code, message: text(error.message) || text(error.title) })]
    return text(progress) ? [note('history', { phase: `phase ${text(phase)}`, progress: `${text(progress)} %` })] : []
  })
  return told.length > 0 ? told.slice(-1) : skipped('history')
}
