import type { Lookup } from 'channel-kit/channel'
import { type Json, list, record, text } from 'channel-kit/json'
import { callerOf } from '../graph/access.ts'
import { type Caller, call } from '../graph/call.ts'
import { explain } from '../graph/reasons.ts'
import { endsSoon, tokenState } from '../graph/token.ts'
import { ACCOUNT_FIELDS, ASTRAY } from '../incoming/management.ts'
import type { WhatsAppLookupTools } from '../settings.ts'

/** State of sending and receiving, asked at the moment and remembered from webhooks. */
export async function health(_: Lookup, tools: WhatsAppLookupTools): Promise<string> {
  const { translate, settings } = tools
  const account = record(settings.account)
  const caller = callerOf(tools)
  if (!caller) return translate('settings', 'Save the account first.')
  const rows = await Promise.all([
    numberRows(caller, text(account.phoneNumberId), tools),
    tokenRows(caller, tools),
    subscriptionRows(caller, text(account.businessAccountId), tools),
    callbackRows(caller, text(account.phoneNumberId), tools),
    noteRows(tools)
  ])
  const head = `| ${translate('settings', 'What')} | ${translate('settings', 'State')} |\n|---|---|`
  return [head, ...rows.flat().map(([name, value]) => `| ${cell(name)} | ${cell(value)} |`)].join('\n')
}

type Row = readonly [name: string, value: string]

/** A form that is opened waits for it. */
const PATIENCE_MS = 10_000

const GOOD = '✅'
const BAD = '❌'
const WARNING = '⚠️'

const FIELDS = [
  'display_phone_number',
  'verified_name',
  'status',
  'quality_rating',
  'name_status',
  'throughput',
  'whatsapp_business_manager_messaging_limit',
  'health_status'
].join(',')

async function numberRows(caller: Caller, id: string, { translate }: WhatsAppLookupTools): Promise<readonly Row[]> {
  const answer = await call(caller, { path: id, query: { fields: FIELDS }, timeoutMs: PATIENCE_MS })
  const token = translate('settings', 'Access token')
  if (answer.kind === 'error') return [[token, `${BAD} ${explain(answer.error, translate)}`]]
  if (answer.kind !== 'done') return [[token, `? ${answer.reason}`]]
  const { display_phone_number, verified_name, status, quality_rating, throughput, health_status, ...more } =
    answer.body
  const limit = more.whatsapp_business_manager_messaging_limit
  return [
    [token, GOOD],
    [translate('settings', 'Phone number'), `${text(display_phone_number)} ${text(verified_name)}`],
    [translate('settings', 'State of the number'), `${status === 'CONNECTED' ? GOOD : BAD} ${text(status)}`],
    [translate('settings', 'Quality'), text(quality_rating)],
    [translate('settings', 'Limit of new conversations a day'), text(limit)],
    [translate('settings', 'Throughput'), text(record(throughput).level)],
    ...entityRows(record(health_status), translate)
  ]
}

/** A token that ended is told by the other answers too; one that will end is told here alone. */
async function tokenRows(caller: Caller, { translate, now }: WhatsAppLookupTools): Promise<readonly Row[]> {
  const state = await tokenState(caller, PATIENCE_MS)
  if (!state?.isValid) return []
  const end = state.endsAt
    ? `${endsSoon(state, now()) ? WARNING : GOOD} ${state.endsAt.toISOString()}`
    : `${GOOD} ${translate('settings', 'never')}`
  const lacks = state.missing.map((scope): Row => [translate('settings', 'Permission'), `${BAD} ${scope}`])
  return [[translate('settings', 'The access token ends'), end], ...lacks]
}

/** Meta says for each of number, account, business and app whether it may send, and how to mend it. */
function entityRows({ can_send_message, entities }: Json, translate: WhatsAppLookupTools['translate']): readonly Row[] {
  if (!text(can_send_message)) return []
  const name = translate('settings', 'Sending')
  const own = list(entities).map(record)
  const troubles = own.flatMap(entity =>
    list(entity.errors)
      .map(record)
      .map(
        (error): Row => [
          `${name}, ${text(entity.entity_type)}`,
          `${BAD} ${text(error.error_description)} ${text(error.possible_solution)} (#${text(error.error_code)})`
        ]
      )
  )
  return [[name, `${can_send_message === 'AVAILABLE' ? GOOD : BAD} ${text(can_send_message)}`], ...troubles]
}

async function subscriptionRows(
  caller: Caller,
  id: string,
  { translate }: WhatsAppLookupTools
): Promise<readonly Row[]> {
  const name = translate('settings', 'Subscription')
  const answer = await call(caller, { path: `${id}/subscribed_apps`, timeoutMs: PATIENCE_MS })
  if (answer.kind === 'error') return [[name, `${BAD} ${explain(answer.error, translate)}`]]
  if (answer.kind !== 'done') return [[name, `? ${answer.reason}`]]
  const apps = list(answer.body.data).map(app => text(record(record(app).whatsapp_business_api_data).name))
  return [[name, apps.length > 0 ? `${GOOD} ${apps.join(', ')}` : `${BAD} ${translate('settings', 'none')}`]]
}

/** Where messages of the number go: of its own address, its account's and its app's the first that there is. */
async function callbackRows(
  caller: Caller,
  id: string,
  { webhookUrl, translate }: WhatsAppLookupTools
): Promise<readonly Row[]> {
  const query = { fields: 'webhook_configuration' }
  const answer = await call(caller, { path: id, query, timeoutMs: PATIENCE_MS })
  const { phone_number, whatsapp_business_account, application } = record(
    answer.kind === 'done' ? answer.body.webhook_configuration : undefined
  )
  const url = text(phone_number) || text(whatsapp_business_account) || text(application)
  if (!url) return []
  const name = translate('settings', 'Messages go to')
  return [
    url === webhookUrl
      ? [name, `${GOOD} ${translate('settings', 'this address')}`]
      : [
          name,
          `${WARNING} ${translate('settings', 'another address, at {host}', { host: URL.parse(url)?.host ?? '?' })}`
        ]
  ]
}

/** A while ago they may have come; after that it was mended. */
const ASTRAY_MS = 86_400_000

function astrayRows({ notes, now, translate }: WhatsAppLookupTools): readonly Row[] {
  const note = notes[ASTRAY]
  if (!note || now().getTime() - note.at.getTime() > ASTRAY_MS) return []
  const numbers = text(record(note.value).numbers)
  const told = translate(
    'settings',
    'Those of the number {numbers} come here, too; they are handed to the registration that has it, where that is of this company and has this app secret. Connect that number by itself.',
    { numbers }
  )
  return [[translate('settings', 'Webhooks of other numbers'), `${WARNING} ${told}`]]
}

function noteRows(tools: WhatsAppLookupTools): readonly Row[] {
  const { notes, translate } = tools
  const seen = notes.webhook?.at
  const last = translate('settings', 'Last webhook')
  const told = [...ACCOUNT_FIELDS, 'templates', 'history', 'trouble'].flatMap((name): Row[] => {
    const note = notes[name]
    return note ? [[name, `${note.at.toISOString()} ${summary(record(note.value))}`]] : []
  })
  return [
    [last, seen ? seen.toISOString() : `${BAD} ${translate('settings', 'none yet')}`],
    ...astrayRows(tools),
    ...told
  ]
}

/** The words of a note that matter, whatever it is about. */
const summary = (value: Json) =>
  Object.values(value)
    .flatMap(part => (typeof part === 'object' && part !== null ? Object.values(part) : [part]))
    .map(text)
    .filter(Boolean)
    .join(', ')
    .slice(0, 200)

const cell = (value: string) => value.replace(/\s+/g, ' ').replaceAll('|', '\\|').trim() || '—'
