import { type CliAnswer, progress } from './answer.ts'

interface Replay {
  /** The ids that were asked for; undefined: all that fit. */
  ids: readonly number[] | undefined
  dryRun: boolean
  interrupted: AbortSignal
  /** The number of rows that could be replayed. */
  count: () => Promise<number>
  /** The ids of those, in batches. */
  batches: () => AsyncIterable<number[]>
  replay: (ids: readonly number[]) => Promise<number>
  /** That number of rows in words. */
  describe: (number: number) => string
  /** The reason why some of `ids` were left alone. */
  left: string
}

/** Rows that a transaction replays at most: its locks hold up the hosts. */
export const REPLAY_BATCH = 500

export async function replayInBatches({
  ids,
  dryRun,
  interrupted,
  count,
  batches,
  replay,
  describe,
  left
}: Replay): Promise<CliAnswer> {
  let done = 0
  if (dryRun) done = await count()
  else
    for await (const batch of batches()) {
      interrupted.throwIfAborted()
      done += await replay(batch)
      progress(`replayed ${describe(done)}`)
    }
  progress('')
  const others = ids && ids.length > done ? ` Left alone (${left}): ${ids.length - done} of ${ids.length}.` : ''
  return {
    data: { dryRun, asked: ids?.length ?? null, replayed: done },
    text: `${dryRun ? `Would replay ${describe(done)}.` : `Replayed ${describe(done)}: waiting now.`}${others}`
  }
}
