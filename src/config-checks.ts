import { fileURLToPath } from 'node:url'
import { Client } from 'pg'
import { networks } from './http-client/address-policy.ts'
import { checkEntry } from './protocol/issuers.ts'

/** What a pattern cannot tell of a variable: whether what it is for would take it. Each throws, or answers false, when not. */

/** Most milliseconds that a timer of Node takes; a longer one would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

const isTimer = (ms: number) => Number.isInteger(ms) && ms >= 1 && ms <= LONGEST_TIMER_MS

export const CHECKS: Readonly<Record<string, (text: string, ms: (text: string) => number) => boolean>> = {
  DATABASE_URL: text => text === '' || new Client({ connectionString: text }) instanceof Client,
  LV_PLUGIN_SELF_URI: text => text === '' || (URL.parse(text)?.hostname ?? '') !== '',
  UPLOADS_URL: text => text === '' || fileURLToPath(text) !== '',
  OUTBOUND_ALLOW: text => networks(text.split(/[\s,]+/).filter(Boolean)) !== undefined,
  LV_PLUGIN_COMPONENT_REGISTRATION_HOSTNAME: text =>
    text
      .split(/[\s,]+/)
      .filter(Boolean)
      .every(checkEntry),
  LV_PLUGIN_CHAT_SEND_TIMEOUT: (text, ms) => isTimer(ms(text)),
  LV_PLUGIN_MEDIA_WAIT: (text, ms) => ms(text) <= LONGEST_TIMER_MS,
  LV_PLUGIN_STOP_TIMEOUT: (text, ms) => isTimer(ms(text))
}
