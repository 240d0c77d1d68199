import type { Channel } from 'channel-kit/channel'

/** Parts that a start may be given besides its configuration. */
export interface StartOptions {
  /** Channels that are no packages; tests mount theirs so, instead of those of LV_PLUGIN_CHANNELS. */
  channels?: readonly { channel: Channel; path?: string }[]
  now?: () => Date
  random?: () => number
  /** Works beside the host that has the embedded database, instead of being refused. */
  share?: boolean
  /** Ends a start that is under way: what was started is stopped again. */
  signal?: AbortSignal
  /** Is told what a start waits for; the log otherwise. */
  waits?: (text: string) => void
  /** The stream of the log; the standard output otherwise. */
  logTo?: NodeJS.WritableStream
}
