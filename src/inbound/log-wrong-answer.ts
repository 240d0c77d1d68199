import type { Log } from 'channel-kit/tools'

/** So many are told of one answer. */
const MOST_TOLD = 10

/** Says which places of a channel's answer are not what they should be. The rest of it is taken. */
export const logWrong = (log: Pick<Log, 'error'>, verb: string, wrong: readonly string[]): void =>
  log.error(
    { event: 'channel.invalid_answer', verb, wrong: wrong.slice(0, MOST_TOLD), count: wrong.length },
    'channel reported invalid events; the valid ones are taken'
  )
