import { type CliAnswer, progress } from './answer.ts'

interface Replay {
  /** The certain ones that were asked for; undefined: all that fit. */
  ids: readonly number[] | undefined
  dryRun: boolean
  interrupted: AbortSignal
  /** How many could be replayed. */
  count: () => Promise<number>
  /** The ids of those, in batches. */
  batches: () => AsyncIterable<number[]>
  replay: (ids: readonly number[]) => Promise<number>
  /** So many, in words. */
  told: (number: number) => string
  /** Why some of the certain ones were left. */
  left: string
}

/** Rows that one transaction replays, so that the hosts are not held up. */
export const REPLAY_BATCH = 500

export async function replayed({
  ids,
  dryRun,
  interrupted,
  count,
  batches,
  replay,
  told,
  left
}: Replay): Promise<CliAnswer> {
  let done = 0
  if (dryRun) done = await count()
  else
    for await (const batch of batches()) {
      interrupted.throwIfAborted()
      done += await replay(batch)
      progress(`replayed ${told(done)}`)
    }
  progress('')
  const others = ids && ids.length > done ? ` Left alone (${left}): ${ids.length - done} of ${ids.length}.` : ''
  return {
    data: { dryRun, asked: ids?.length ?? null, replayed: done },
    text: `${dryRun ? `Would replay ${told(done)}.` : `Replayed ${told(done)}: waiting now.`}${others}`
  }
}
