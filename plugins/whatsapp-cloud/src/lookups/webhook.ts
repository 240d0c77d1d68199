import { createHash } from 'node:crypto'
import type { Lookup } from 'channel-kit/channel'
import { record, text } from 'channel-kit/json'
import { CONNECTION } from '../connect.ts'
import type { WhatsAppLookupTools } from '../settings.ts'

/** Instructions for an admin at Meta, with the values to copy. */
export async function webhook(
  _: Lookup,
  { webhookUrl, settings, notes, translate }: WhatsAppLookupTools
): Promise<string> {
  const saved = text(record(settings.account).verifyToken) !== ''
  const token = saved
    ? translate('settings', 'The verify token is the one that you saved.')
    : translate('settings', 'A verify token that nobody can guess: {token}', { token: `\`${proposal(webhookUrl)}\`` })
  return [
    `${translate('settings', 'Callback URL')}: \`${webhookUrl}\``,
    token,
    [
      `1. ${translate('settings', 'Save this form first: Meta calls the address as soon as you name it.')}`,
      `2. ${translate('settings', 'At developers.facebook.com open your app, then WhatsApp, Configuration.')}`,
      `3. ${translate('settings', 'Under Webhook choose Edit, enter the callback URL and the verify token, and verify.')}`,
      `4. ${translate('settings', 'Under Webhook fields subscribe to {fields}.', { fields: FIELDS })}`,
      `5. ${translate('settings', 'Switch the app to Live: until then Meta sends nothing but samples.')}`
    ].join('\n'),
    connection(record(notes[CONNECTION]?.value), translate)
  ]
    .filter(Boolean)
    .join('\n\n')
}

const FIELDS = [
  'messages',
  'message_template_status_update',
  'message_template_quality_update',
  'message_template_components_update',
  'template_category_update',
  'account_update',
  'account_alerts',
  'phone_number_quality_update',
  'phone_number_name_update',
  'business_capability_update',
  'user_id_update',
  'user_preferences',
  'smb_message_echoes'
]
  .map(field => `\`${field}\``)
  .join(', ')

/** As hard to guess as the address, and the same every time that the form is opened. */
const proposal = (webhookUrl: string) =>
  createHash('sha256').update(`verify token of ${webhookUrl}`).digest('base64url').slice(0, 32)

function connection({ problem }: { problem?: unknown }, translate: WhatsAppLookupTools['translate']): string {
  if (problem === undefined) return ''
  return problem === ''
    ? translate('settings', 'Connected: messages of the number come here.')
    : translate('settings', 'Connecting did not work: {problem}', { problem: text(problem) })
}
