import { type Json, number, parse, record, text } from 'channel-kit/json'

/** An error of the Graph API. Branch on the code: Meta rewrites titles, and statuses differ by the day. */
export interface GraphError {
  code: number
  subcode: number
  message: string
  details: string
  transient: boolean
  /** HTTP status of the answer; 0 in a webhook. */
  status: number
  /** Meta's support asks for it. */
  trace: string
}

/** Classes of errors by their remedy. README.md, "Errors". */
export type ErrorClass =
  | 'retry_backoff'
  | 'retry_after'
  | 'permanent'
  | 'needs_template'
  | 'token_invalid'
  | 'configuration'
  | 'account_blocked'

/** The `error` of an answer's body. */
export const graphError = (body: Json, status: number): GraphError | undefined =>
  'error' in body ? errorOf(record(body.error), status) : undefined

/** The error of an answer without a body of the API: its status is all that is known. */
export const errorOfStatus = (status: number, message: string): GraphError => ({
  code: -1,
  subcode: 0,
  message,
  details: '',
  transient: status === 503,
  status,
  trace: ''
})

/** An entry of the `errors` of a webhook. */
export const webhookError = (error: unknown): GraphError => errorOf(record(error), 0)

function errorOf(error: Json, status: number): GraphError {
  const { code, error_subcode, message, title, error_data, error_user_msg, is_transient, fbtrace_id } = error
  return {
    code: codeOf(code, -1),
    subcode: codeOf(error_subcode, 0),
    message: text(message) || text(title),
    details: detailsOf(error_data) || text(error.details) || text(error_user_msg),
    transient: is_transient === true,
    status,
    trace: text(fbtrace_id)
  }
}

const codeOf = (said: unknown, none: number) => {
  const code = number(said)
  return Number.isNaN(code) ? none : code
}

/** An object, or the same as a text. */
const detailsOf = (data: unknown) =>
  typeof data === 'string' ? text(record(parse(data)).details) || data : text(record(data).details)

const CLASSES: Readonly<Record<ErrorClass, readonly number[]>> = {
  retry_backoff: [1, 2, 130429, 131000, 131016, 131057, 133004],
  retry_after: [4, 17, 341, 613, 80007, 131056, 132069, 133008, 133009, 133015, 133016, 134101],
  permanent: [803, 130497],
  needs_template: [131047],
  token_invalid: [0, 102, 104, 190, 467],
  configuration: [
    3, 10, 33, 131005, 131037, 131042, 131045, 131063, 133000, 133005, 133006, 133010, 134011, 134102, 2593107, 2593108,
    2593109
  ],
  account_blocked: [368, 131031, 131048, 131064]
}

const BY_CODE: ReadonlyMap<number, ErrorClass> = new Map(
  (Object.keys(CLASSES) as ErrorClass[]).flatMap(name => CLASSES[name].map(code => [code, name] as const))
)

export function classOf(error: GraphError): ErrorClass {
  const { code, status, transient } = error
  if (code === 100) return isSetUpWrong(error) ? 'configuration' : 'permanent'
  if (code >= 200 && code < 300) return 'configuration'
  if (Math.floor(code / 1_000) === 2494) return 'retry_backoff'
  return BY_CODE.get(code) ?? classOfStatus(status, transient)
}

/** 100 is any wrong parameter, and then some troubles that only an admin can end. */
const isSetUpWrong = ({ subcode, message }: GraphError) =>
  subcode === 33 || /appsecret_proof|must be subscribed|does not exist, cannot be loaded/i.test(message)

function classOfStatus(status: number, transient: boolean): ErrorClass {
  if (status === 401) return 'token_invalid'
  if (status === 403) return 'configuration'
  if (status === 429) return 'retry_after'
  return status >= 500 || transient ? 'retry_backoff' : 'permanent'
}

/** The template is not what it was when it was last looked at. */
export const isAboutTemplate = ({ code }: GraphError) => [132000, 132001, 132012, 132015, 132016].includes(code)

/** A file that was stored is not there any more: ids live for 30 days, and end with an account's move. */
export const isAboutStoredFile = ({ code, message, details }: GraphError) =>
  (code === 100 || code === 131009) &&
  /\bmedia attachment\b|\bmedia (object )?id\b|\bno media\b/i.test(`${message} ${details}`)
