import { createHash } from 'node:crypto'
import type { GatewayEvent, QualityEvent, TemplateEvent } from 'channel-kit/event'
import { type Json, record, text } from 'channel-kit/json'
import { localeOf } from '../graph/templates.ts'

/** News of the account for API clients: what Meta thinks of its templates and of its number, in Meta's words. */

interface Changed {
  field: string
  value: Json
  /** The time of the webhook's entry. */
  time: string
}

/** None where a field has no news, or where Meta does not say what it is about. */
export function newsOf(changed: Changed): GatewayEvent[] {
  const { value } = changed
  const template = text(value.message_template_name)
  const number = text(value.display_phone_number)
  switch (changed.field) {
    case 'message_template_status_update':
      return template ? [templateEvent(changed, { change: 'status', ...statusOf(value) })] : []
    case 'template_category_update':
      return template ? [templateEvent(changed, { change: 'category', ...categoryOf(value) })] : []
    case 'message_template_components_update':
      return template ? [templateEvent(changed, { change: 'content' })] : []
    case 'message_template_quality_update':
      return template ? [qualityOfTemplate(changed)] : []
    case 'phone_number_quality_update':
      return number ? [qualityOfNumber(changed)] : []
    default:
      return []
  }
}

/** Most characters of a name, and of a word. */
const LONGEST = { name: 512, word: 64 }

type Named = 'kind' | 'ref' | 'name' | 'language'

const templateEvent = (changed: Changed, more: Omit<TemplateEvent, Named>): TemplateEvent => ({
  kind: 'template',
  ...namedBy(changed),
  ...more
})

const qualityOfTemplate = (changed: Changed): QualityEvent => ({
  kind: 'quality',
  of: 'template',
  ...namedBy(changed),
  ...words({ from: changed.value.previous_quality_score, to: changed.value.new_quality_score })
})

const qualityOfNumber = (changed: Changed): QualityEvent => {
  const { display_phone_number, event, current_limit, old_limit, max_daily_conversations_per_business } = changed.value
  return {
    kind: 'quality',
    of: 'number',
    ref: refOf(changed),
    name: text(display_phone_number).slice(0, LONGEST.name),
    ...words({ event, limit: current_limit ?? max_daily_conversations_per_business, limitBefore: old_limit })
  }
}

function statusOf({ event, message_template_category: category, ...value }: Json) {
  const code = text(value.reason) === 'NONE' ? '' : text(value.reason)
  const why = [code, reasonsOf(value).join(' ')].filter(Boolean).join(': ')
  return { ...words({ status: event, category }), ...(why ? { reason: why } : {}) }
}

/** Why a template was rejected or paused, or from when on it will be disabled. */
function reasonsOf(value: Json): string[] {
  const [rejected, other] = [record(value.rejection_info), record(value.other_info)]
  const { disable_date } = record(value.disable_info)
  return [rejected.reason, rejected.recommendation, other.title, other.description, disable_date]
    .map(text)
    .filter(Boolean)
}

/** Meta announces a category by `correct_category`, and says with `previous_category` that it has come. */
const categoryOf = ({ new_category, previous_category, correct_category }: Json) =>
  words({ category: new_category, categoryBefore: previous_category, categoryNext: correct_category })

function namedBy(changed: Changed) {
  const { message_template_name: name, message_template_language: language } = changed.value
  return {
    ref: refOf(changed),
    name: text(name).slice(0, LONGEST.name),
    ...words({ language: localeOf(text(language)) })
  }
}

/** Meta gives news no id. */
const refOf = ({ field, value, time }: Changed) =>
  createHash('sha256')
    .update(JSON.stringify([field, time, value]))
    .digest('base64url')

/** Words of Meta's are short, and in capitals; anything else is left out or cut. */
const words = <Name extends string>(given: Readonly<Record<Name, unknown>>): { [name in Name]?: string } =>
  Object.fromEntries(
    Object.entries(given).flatMap(([name, value]) => {
      const word = text(value)
        .replace(/\p{Cc}/gu, ' ')
        .slice(0, LONGEST.word)
        .toWellFormed()
      return word.trim() ? [[name, word]] : []
    })
  ) as { [name in Name]?: string }
