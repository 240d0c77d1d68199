import { readConfig } from '../config.ts'
import { type Opened, openPrepared } from '../postgres/open.ts'
import { interruptible, sayWaiting } from './interruption.ts'

/** Lends the database of the environment to a command, be a host running on it or not. */
export const withDatabase = <Result>(
  work: (opened: Opened, interrupted: AbortSignal) => Promise<Result>
): Promise<Result> =>
  interruptible(async signal => {
    const opened = await openPrepared(readConfig(process.env), {
      share: true,
      patient: true,
      signal,
      waits: sayWaiting
    })
    try {
      signal.throwIfAborted()
      return await work(opened, signal)
    } finally {
      await opened.close()
    }
  })
