import type { Lookup, LookupTools } from 'channel-kit/channel'
import type { Options } from './settings.ts'

/** Where Mobiletech must call, and a loud word as long as nothing is sent. */
export async function webhook(_: Lookup, tools: LookupTools<typeof Options>): Promise<string> {
  const { settings, translate, webhookUrl } = tools
  const mode = settings.gateway?.mode
  const live = Array.isArray(mode) && mode[0] === 'live'
  return [
    ...(live ? [] : [`**${translate('settings', 'TRIAL: nothing is sent, customers get no messages.')}**`]),
    translate('settings', 'Give this address to Mobiletech, for messages and for statuses. It is secret:'),
    `\`${webhookUrl}\``
  ].join('\n\n')
}
