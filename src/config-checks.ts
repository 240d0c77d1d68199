import { fileURLToPath } from 'node:url'
import { Client } from 'pg'
import { networks } from './http-client/address-policy.ts'
import { entryProblem } from './protocol/issuers.ts'

/** Most milliseconds that a timer of Node takes; a longer one would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

const OUT_OF_RANGE = 'it is out of range'

/** Why the part of the host that uses a variable would not take its value; undefined when it would. */
type VariableProblem = (
  text: string,
  milliseconds: (text: string) => number,
  /** All variables. */
  values: Readonly<Record<string, unknown>>
) => string | undefined

/** Checks of variables, by name, for what no pattern of their schema can tell. */
export const VARIABLE_PROBLEMS: Readonly<Record<string, VariableProblem>> = {
  DATABASE_URL: text => (text === '' ? undefined : thrownBy(() => new Client({ connectionString: text }))),
  LV_PLUGIN_SELF_URI: text => (text === '' || URL.parse(text)?.hostname ? undefined : OUT_OF_RANGE),
  UPLOADS_URL: text => (text === '' ? undefined : thrownBy(() => fileURLToPath(text))),
  OUTBOUND_ALLOW: text => thrownBy(() => networks(listed(text))),
  LV_PLUGIN_COMPONENT_REGISTRATION_HOSTNAME: text => listed(text).map(entryProblem).find(Boolean),
  LV_PLUGIN_CHAT_SEND_TIMEOUT: (text, milliseconds) => timerProblem(milliseconds(text)),
  LV_PLUGIN_MEDIA_WAIT: (text, milliseconds) => (milliseconds(text) <= MAX_TIMER_MS ? undefined : OUT_OF_RANGE),
  LV_PLUGIN_STOP_TIMEOUT: (text, milliseconds) => timerProblem(milliseconds(text)),
  METRICS_PORT: (text, _, { PORT }) => (text !== '0' && text === String(PORT) ? 'it is PORT' : undefined)
}

const timerProblem = (ms: number): string | undefined =>
  Number.isInteger(ms) && ms >= 1 && ms <= MAX_TIMER_MS ? undefined : OUT_OF_RANGE

const listed = (text: string): string[] => text.split(/[\s,]+/).filter(Boolean)

/** The message of the error that using the value throws. */
function thrownBy(use: () => unknown): string | undefined {
  try {
    use()
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}
