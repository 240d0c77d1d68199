import { createHash } from 'node:crypto'
import type { NoteEvent } from 'channel-kit/event'
import { list, record, text } from 'channel-kit/json'
import { callerOf } from './graph/access.ts'
import { type Answer, type Call, type Caller, call } from './graph/call.ts'
import { explain } from './graph/reasons.ts'
import { tokenState } from './graph/token.ts'
import type { WhatsAppTools } from './settings.ts'

/**
 * Subscribes the app to the account and has webhooks of the number sent to this
 * address. (The account can have an address, too, but one for all of its numbers:
 * it would take the messages of the others.) Meta calls back at once with the
 * verify token, so it cannot be done while the settings are being saved: it is
 * done a few minutes later, and every day, since an account that was moved is not
 * subscribed any more.
 */

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
const PATIENCE_MS = 10_000

export const CONNECTION = 'connection'

export async function keepConnected(tools: WhatsAppTools): Promise<NoteEvent[]> {
  const caller = callerOf(tools)
  if (!tools.settings.webhook.connect || !caller || !isDue(tools)) return []
  const problem = await connect(caller, tools)
  return [{ kind: 'note', name: CONNECTION, value: { mark: markOf(tools), problem } }]
}

function isDue(tools: WhatsAppTools): boolean {
  const known = tools.notes[CONNECTION]
  const { mark, problem } = record(known?.value)
  if (!known || mark !== markOf(tools)) return true
  return tools.now().getTime() - known.at.getTime() > (text(problem) ? HOUR_MS : DAY_MS)
}

/** Hash of all settings of a connection, which reveals none of them. */
const markOf = ({ settings: { account }, webhookUrl }: WhatsAppTools) =>
  createHash('sha256')
    .update(JSON.stringify([account, webhookUrl]))
    .digest('base64url')

/** '' when it worked. */
async function connect(caller: Caller, tools: WhatsAppTools): Promise<string> {
  const { account } = tools.settings
  const apps = `${account.businessAccountId}/subscribed_apps`
  const listed = await call(caller, { path: apps })
  if (listed.kind !== 'done') return problemOf(listed, tools)
  const { appId = '' } = (await tokenState(caller, PATIENCE_MS)) ?? {}
  const own = list(listed.body.data)
    .map(record)
    .find(app => appId !== '' && text(record(app.whatsapp_business_api_data).id) === appId)
  const subscribe: Call = { method: 'POST', path: apps, json: {} }
  const name: Call = {
    method: 'POST',
    path: account.phoneNumberId,
    json: {
      webhook_configuration: { override_callback_uri: tools.webhookUrl, verify_token: account.verifyToken.trim() }
    }
  }
  // Without an address a subscription takes away the one of the account, which is of other numbers: so only where it is ours.
  const isOurs = text(own?.override_callback_uri) === tools.webhookUrl
  for (const step of [...(own ? [] : [subscribe]), name, ...(isOurs ? [subscribe] : [])]) {
    const answer = await call(caller, step)
    if (answer.kind !== 'done') return problemOf(answer, tools)
  }
  return ''
}

const problemOf = (answer: Exclude<Answer, { kind: 'done' }>, { translate }: WhatsAppTools) =>
  answer.kind === 'error' ? explain(answer.error, translate) : answer.reason
