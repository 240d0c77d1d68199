import { readConfig } from '../config.ts'
import type { startHost } from '../host.ts'
import { interruptible, sayWaiting } from './lent-database.ts'

export type Host = Awaited<ReturnType<typeof startHost>>

/** Lends a command a host that does not listen, and works on the queue if `worker` says so. */
export const withHost = <Result>(
  { worker }: { worker: boolean },
  work: (host: Host, interrupted: AbortSignal) => Promise<Result>
): Promise<Result> =>
  interruptible(async signal => {
    // Half of the modules of a command that need not have it most of the time.
    const { startHost } = await import('../host.ts')
    const host = await startHost(
      {
        ...readConfig(process.env),
        roles: { web: false, worker },
        logLevel: worker ? 'error' : 'silent',
        metrics: { token: undefined, port: undefined }
      },
      { share: true, logTo: process.stderr, signal, waits: sayWaiting }
    )
    try {
      return await work(host, signal)
    } finally {
      await host.close()
    }
  })
