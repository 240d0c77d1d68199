import type { Channel } from 'channel-kit/channel'
import type { Tools } from 'channel-kit/tools'
import { mountChannel } from '../channels/load.ts'
import { translate } from '../protocol/language.ts'
import { effectiveSettings } from '../protocol/settings.ts'
import { withHost } from './lent-host.ts'

/** What a channel needs to be tried: with a fake gateway, or with the settings of a registration. */

const TRIAL_MS = 60_000

export async function fakeTools(
  channel: Channel,
  given: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  templates: Readonly<Record<string, string>>
): Promise<Tools> {
  const { options, catalogues } = await mountChannel(channel, undefined, 'http://127.0.0.1/', {})
  const settings = effectiveSettings(channel.settings, { ...given, templates })
  if (!settings) throw new Error('The settings of the fake are not those of the channel.')
  const log = () => {}
  return {
    settings,
    options,
    fetch,
    signal: AbortSignal.timeout(TRIAL_MS),
    now: () => new Date(),
    log: { info: log, warn: log, error: log },
    translate: (category, message, params) => translate(catalogues, ['en_US'], category, message, params),
    async upload() {
      throw new Error('Nothing is uploaded in a trial.')
    },
    async spool() {
      throw new Error('No file is sent in a trial.')
    },
    webhookUrl: '',
    notes: {},
    recall: async asked => asked.map(() => undefined)
  }
}

export const withLiveTools = <Result>(
  registration: number,
  name: string,
  work: (channel: Channel, tools: Tools) => Promise<Result>
): Promise<Result> =>
  withHost({ worker: false }, async ({ ready }) => {
    const target = await ready(registration, AbortSignal.timeout(TRIAL_MS))
    const problem =
      target.kind === 'unready' ? target.reason : target.channel.name === name ? '' : `it is not of ${name}`
    if (target.kind === 'unready' || problem) throw new Error(`Registration ${registration} cannot send: ${problem}.`)
    return work(target.channel, target.tools)
  })
