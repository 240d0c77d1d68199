import { type Json, list, record, text } from 'channel-kit/json'
import { type Answer, type Caller, call } from './call.ts'

const FIELDS = 'id,name,status,category,language,components,parameter_format,rejected_reason'
const MOST_PAGES = 70

export type Listed = { kind: 'listed'; templates: readonly Json[] } | Exclude<Answer, { kind: 'done' }>

/** The account's templates, all pages of them. `filter`: `name`, `status`. */
export async function listTemplates(
  caller: Caller,
  businessAccountId: string,
  filter: Readonly<Record<string, string>> = {}
): Promise<Listed> {
  const templates: Json[] = []
  let after = ''
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const query = { fields: FIELDS, limit: '100', ...filter, ...(after ? { after } : {}) }
    const answer = await call(caller, { path: `${businessAccountId}/message_templates`, query })
    if (answer.kind !== 'done') return answer
    templates.push(...list(answer.body.data).map(record))
    const paging = record(answer.body.paging)
    // `next` has the token in it: only whether it is there counts.
    after = text(paging.next) ? text(record(paging.cursors).after) : ''
    if (!after) break
  }
  return { kind: 'listed', templates }
}

/** Where a template's shape is kept among the account's notes. Webhooks write `en-US` where the API writes `en_US`. */
export const templateNote = (name: string, language: string) => `template:${name}:${localeOf(language)}`

export const localeOf = (language: string) => language.replace('-', '_')
