import type { Channel, Verdict, WebhookRequest } from 'channel-kit/channel'
import type { ReadyChannel, RuntimeOf } from '../channels/call-channel.ts'
import type { Registration, Registrations } from '../registrations/store.ts'

/**
 * Webhook calls that are about accounts of other registrations as well. Such a call is handed on as it came, so that
 * its signature is verified again by the settings of the other registration, and only within a company: its caller
 * could have called the other registration directly.
 */

interface Deps {
  webhook: Pick<NonNullable<Channel['webhook']>, 'account'>
  registrations: Pick<Registrations, 'besides'>
  ready: RuntimeOf
  /** Judges the call by the settings of a registration. */
  judge: (call: WebhookRequest, target: ReadyChannel, deadline: AbortSignal) => Promise<Verdict>
}

export interface Handed {
  registrationId: number
  target: ReadyChannel
}

/** The registrations that a call is handed to. If several have an account, the newest gets the call. */
export async function handedTo(
  registration: Registration,
  /** The call with the body that was signed. */
  call: WebhookRequest,
  accounts: readonly string[],
  { webhook, registrations, ready, judge }: Deps,
  deadline: AbortSignal
): Promise<Handed[]> {
  const missing = new Set(accounts)
  const handed: Handed[] = []
  if (!webhook.account || missing.size === 0) return handed
  for (const registrationId of await registrations.besides(registration)) {
    const runtime = await ready(registrationId, deadline)
    if (!runtime.ok) continue
    const target = runtime.value
    const account = webhook.account(target.tools.settings)
    if (!missing.has(account) || (await judge(call, target, deadline)).kind !== 'genuine') continue
    handed.push({ registrationId, target })
    missing.delete(account)
    if (missing.size === 0) break
  }
  return handed
}
