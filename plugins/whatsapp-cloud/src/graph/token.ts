import { list, record, text } from 'channel-kit/json'
import { type Caller, call } from './call.ts'

/** The state of the access token at Meta. */
export interface TokenState {
  isValid: boolean
  /** Undefined: it has no end. */
  endsAt: Date | undefined
  /** The app that it is of; '' if Meta does not say. */
  appId: string
  /** Permissions that it should have and has not. */
  missing: readonly string[]
}

const NEEDED = ['whatsapp_business_messaging', 'whatsapp_business_management']

/** From when on an admin is warned. */
const SOON_MS = 14 * 86_400_000

export const endsSoon = ({ endsAt }: TokenState, now: Date) =>
  endsAt !== undefined && endsAt.getTime() - now.getTime() < SOON_MS

/** Undefined: Meta does not tell this app, or nobody answered. */
export async function tokenState(caller: Caller, timeoutMs: number): Promise<TokenState | undefined> {
  const query = { input_token: caller.access.token }
  const answer = await call(caller, { path: 'debug_token', query, timeoutMs })
  const { is_valid, expires_at, scopes, app_id } = record(answer.kind === 'done' ? answer.body.data : undefined)
  if (typeof is_valid !== 'boolean') return undefined
  const endsAt = new Date(Number(text(expires_at)) * 1_000)
  const given = list(scopes).map(text)
  return {
    isValid: is_valid,
    appId: text(app_id),
    endsAt: endsAt.getTime() > 0 ? endsAt : undefined,
    missing: given.length > 0 ? NEEDED.filter(scope => !given.includes(scope)) : []
  }
}
