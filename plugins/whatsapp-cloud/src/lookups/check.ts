import type { FieldErrors } from 'channel-kit/channel'
import { list, record, text } from 'channel-kit/json'
import { callerOf } from '../graph/access.ts'
import { type Answer, type Caller, call } from '../graph/call.ts'
import { classOf, type GraphError } from '../graph/errors.ts'
import { explain } from '../graph/reasons.ts'
import { listTemplates, localeOf } from '../graph/templates.ts'
import { misfit, nameOf } from '../sending/fallback.ts'
import { shapeOf } from '../sending/template-shape.ts'
import type { WhatsAppTools } from '../settings.ts'

/** Asks the Graph API whether it knows what an admin saves. While it is away nothing stops them from saving. */
export async function check(tools: WhatsAppTools): Promise<FieldErrors> {
  const caller = callerOf(tools)
  if (!caller) return {}
  const [number, account, template] = await Promise.all([
    checkNumber(caller, tools),
    checkAccount(caller, tools),
    checkTemplate(caller, tools)
  ])
  // The first field that explains the others.
  return Object.keys(number).length > 0 ? number : { ...account, ...template }
}

const at = (field: string, problem: string): FieldErrors => ({ [field]: [problem] })

async function checkNumber(caller: Caller, tools: WhatsAppTools): Promise<FieldErrors> {
  const query = { fields: 'id,display_phone_number,verified_name' }
  const answer = await call(caller, { path: tools.settings.account.phoneNumberId, query })
  return answer.kind === 'error' ? atFault(answer.error, 'account.phoneNumberId', tools) : {}
}

async function checkAccount(caller: Caller, tools: WhatsAppTools): Promise<FieldErrors> {
  const { businessAccountId, phoneNumberId } = tools.settings.account
  const query = { fields: 'id', limit: '100' }
  const answer = await call(caller, { path: `${businessAccountId}/phone_numbers`, query })
  if (answer.kind === 'error') return atFault(answer.error, 'account.businessAccountId', tools)
  // The list has further pages, on which the number may be.
  return answer.kind !== 'done' || hasNumber(answer, phoneNumberId) || text(record(answer.body.paging).next)
    ? {}
    : at('account.businessAccountId', tools.translate('settings', 'The account does not have this phone number'))
}

const hasNumber = ({ body }: Extract<Answer, { kind: 'done' }>, id: string) =>
  list(body.data).some(number => text(record(number).id) === id)

async function checkTemplate(caller: Caller, tools: WhatsAppTools): Promise<FieldErrors> {
  const { account, window } = tools.settings
  const [key] = window.fallbackTemplate ?? []
  if (!key) return {}
  const { name, language } = nameOf(key)
  const listed = await listTemplates(caller, account.businessAccountId, { name })
  if (listed.kind !== 'listed') return {}
  const shape = listed.templates.map(shapeOf).find(one => one.name === name && one.language === localeOf(language))
  if (shape?.status !== 'APPROVED')
    return at('window.fallbackTemplate', tools.translate('settings', 'There is no such approved template'))
  const problem = misfit(shape, window.fallbackParameter ?? '1')
  if (!problem) return {}
  const field = shape.bodyVariables.length === 1 ? 'window.fallbackParameter' : 'window.fallbackTemplate'
  return at(field, tools.translate('reasons', problem, { name }))
}

/** Puts an error of Meta at the field that causes it. Meta's own trouble is no field's fault. */
function atFault(error: GraphError, field: string, { translate }: WhatsAppTools): FieldErrors {
  const problem = explain(error, translate)
  const kind = classOf(error)
  if (/version/i.test(error.message)) return at('account.graphVersion', problem)
  if (/appsecret_proof/i.test(error.message)) return at('account.appSecret', problem)
  if (kind === 'token_invalid') return at('account.accessToken', problem)
  if (kind === 'retry_backoff' || kind === 'retry_after') return {}
  const isUnknown = error.code === 100 || error.code === 33 || error.code === 803
  return at(isUnknown ? field : 'account.accessToken', problem)
}
