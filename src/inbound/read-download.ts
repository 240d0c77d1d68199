import { readDownloaded } from 'channel-kit/answer'
import type { Downloaded } from 'channel-kit/event'

/** A channel is another's code: what it answers is checked, and what says nothing about the file is asked for again. */
export function downloadedOf(answer: unknown): Downloaded {
  const read = readDownloaded(answer)
  return 'value' in read
    ? read.value
    : { kind: 'retry', reason: `the channel answered what says nothing about the file: download: ${read.wrong}` }
}
