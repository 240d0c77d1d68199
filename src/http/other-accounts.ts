import type { Channel, Verdict, WebhookRequest } from 'channel-kit/channel'
import type { ReadyChannel, RuntimeOf } from '../channels/call-channel.ts'
import type { Registration, Registrations } from '../registrations/store.ts'

/**
 * Calls of a gateway that are about accounts of other registrations, too. Such a
 * call is handed on as it came, so that its proof can be looked at once more by
 * the settings of whoever gets it, and never beyond a company: who could write
 * to a registration so could have called it in the first place.
 */

interface Deps {
  webhook: Pick<NonNullable<Channel['webhook']>, 'account'>
  registrations: Pick<Registrations, 'besides'>
  ready: RuntimeOf
  /** Whether it is genuine by the settings of a registration. */
  judge: (call: WebhookRequest, target: ReadyChannel, deadline: AbortSignal) => Promise<Verdict>
}

export interface Handed {
  registrationId: number
  target: ReadyChannel
}

/** The registrations that a call is handed to. Of several that have an account it is the newest. */
export async function handedTo(
  registration: Registration,
  /** With what its proof is of. */
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
