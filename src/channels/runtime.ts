import type { AccountLimits, Channel } from 'channel-kit/channel'
import type { FastifyBaseLogger } from 'fastify'
import { asNumbers, asTheyAre } from '../inbound/phone-numbers.ts'
import { failure, success } from '../protocol/result.ts'
import { type Data, effectiveSettings } from '../protocol/settings.ts'
import type { SettingsStore } from '../registrations/settings.ts'
import type { Registrations } from '../registrations/store.ts'
import type { RuntimeOf } from './call-channel.ts'
import type { Mounted } from './load.ts'
import type { LendTools } from './tools.ts'

interface Deps {
  registrations: Pick<Registrations, 'get'>
  settings: SettingsStore
  mountedBy: (channel: string) => Mounted | undefined
  lend: LendTools
}

/** A registration's channel with complete settings, as the queue, a webhook or a poll needs it. */
export const createRuntime =
  ({ registrations, settings, mountedBy, lend }: Deps): RuntimeOf =>
  async (registrationId, signal) => {
    const registration = await registrations.get(registrationId)
    const mounted = registration && mountedBy(registration.channel)
    if (!registration || !mounted) return failure('the channel is not mounted')

    const effective = completed(mounted.channel, await settings.load(registrationId))
    if (!effective) return failure('the settings are not complete')
    const { channel } = mounted
    const retryUnknown =
      channel.dedupes || registration.retryUnknown || channel.lots?.limits(effective).repeats === true
    const naming = mounted.phones ? asNumbers : asTheyAre
    const lent = await lend({ mounted, registration, settings: effective, signal })
    return success({ channel, retryUnknown, naming, ...lent })
  }

/** The limits that a registration's channel sets, by its settings. */
export const createAccountLimits =
  ({ registrations, settings, mountedBy, log }: Omit<Deps, 'lend'> & { log: Pick<FastifyBaseLogger, 'error'> }) =>
  async (registrationId: number): Promise<AccountLimits | undefined> => {
    const registration = await registrations.get(registrationId)
    const channel = registration && mountedBy(registration.channel)?.channel
    const effective = channel && completed(channel, await settings.load(registrationId))
    try {
      return effective && channel.limits?.(effective)
    } catch (error) {
      log.error(
        { event: 'channel.threw', err: error, registration: registrationId },
        'channel threw in limits; the account has no limits'
      )
      return undefined
    }
  }

/** Cache of complete settings: they are the same for every message until an admin saves others, and a form is long. */
const kept = new WeakMap<Channel, WeakMap<Data, Data | undefined>>()

function completed(channel: Channel, saved: Data): Data | undefined {
  const bySaved = kept.get(channel) ?? new WeakMap<Data, Data | undefined>()
  kept.set(channel, bySaved)
  if (!bySaved.has(saved)) bySaved.set(saved, effectiveSettings(channel.settings, saved))
  return bySaved.get(saved)
}
