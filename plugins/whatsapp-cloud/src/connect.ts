import { createHash } from 'node:crypto'
import type { NoteEvent } from 'channel-kit/event'
import { record, text } from 'channel-kit/json'
import { callerOf } from './graph/access.ts'
import { type Caller, call } from './graph/call.ts'
import { explain } from './graph/reasons.ts'
import type { WhatsAppTools } from './settings.ts'

/**
 * Subscribes the app to the account and has its webhooks sent to this address.
 * Meta calls back at once with the verify token, so it cannot be done while
 * the settings are being saved: it is done a few minutes later, and every day,
 * since an account that was moved is not subscribed any more.
 */

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000

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

/** Of everything that a connection is made of; tells none of it. */
const markOf = ({ settings: { account }, webhookUrl }: WhatsAppTools) =>
  createHash('sha256')
    .update(JSON.stringify([account, webhookUrl]))
    .digest('base64url')

/** '' when it worked. */
async function connect(
  caller: Caller,
  { settings: { account }, webhookUrl, translate }: WhatsAppTools
): Promise<string> {
  const path = `${account.businessAccountId}/subscribed_apps`
  const override = { override_callback_uri: webhookUrl, verify_token: account.verifyToken.trim() }
  // Meta takes an address only for an app that is subscribed.
  for (const json of [{}, override]) {
    const answer = await call(caller, { method: 'POST', path, json })
    if (answer.kind === 'error') return explain(answer.error, translate)
    if (answer.kind !== 'done') return answer.reason
  }
  return ''
}
