import { Piscina } from 'piscina'

/**
 * Work on what a tenant writes, beside the event loop: long texts go to a small pool of threads, short ones are done at
 * once, which is sooner than the way there. So a text that takes long keeps nobody else waiting, and what takes longer
 * than any text should, or more memory, ends by itself.
 */

/** In characters. The worst Markdown of this length takes some 12 ms; the way of a text to a thread and back takes 2. */
export const SHORT = 4_096

/** Threads at the same time. One that has nothing to do for so long ends, with its memory. */
const THREADS = 2
const IDLE_MS = 30_000

/** In MiB, of one thread. The greatest text of the door takes a tenth of it. */
const MEMORY = 256

const TOO_MUCH_WORK = 'ERR_TOO_MUCH_WORK'

/** Whether offloaded work ended before it was done. A message of which `send` throws this is rejected, in its words. */
export const isTooMuchWork = (error: unknown): boolean =>
  error instanceof Error && (error as NodeJS.ErrnoException).code === TOO_MUCH_WORK

export interface OffloadedTask {
  module: string
  name: string
  given: readonly unknown[]
}

/** `ended`: its time was over. */
export type Done = { kind: 'made'; made: unknown } | { kind: 'ended' }

let pool: Piscina<OffloadedTask, Done> | undefined

/**
 * `work` as a promise. It has to be a pure function, whose arguments and result can be cloned, and an export of `module`
 * (`import.meta.url`) by its own name. Given texts of more than 4,096 characters together, it is done by a thread, for
 * 5 seconds and in 256 MiB at most; beyond that it rejects with an error that `isTooMuchWork` knows.
 */
export function offloaded<Given extends readonly unknown[], Made>(
  module: string,
  work: (...given: Given) => Made
): (...given: Given) => Promise<Made> {
  return async (...given) => {
    const length = given.reduce((sum: number, one) => sum + (typeof one === 'string' ? one.length : 0), 0)
    return length > SHORT ? runOffloaded(module, work, given) : work(...given)
  }
}

/** The same for work whose length says nothing of what it takes. */
export async function runOffloaded<Given extends readonly unknown[], Made>(
  module: string,
  work: (...given: Given) => Made,
  given: Given
): Promise<Made> {
  pool ??= openPool()
  const done = await pool.run({ module, name: work.name, given }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') throw tooMuchWork()
    throw error
  })
  if (done.kind === 'ended') throw tooMuchWork()
  return done.made as Made
}

function openPool(): Piscina<OffloadedTask, Done> {
  const opened = new Piscina<OffloadedTask, Done>({
    filename: new URL('offload-thread.ts', import.meta.url).href,
    minThreads: 0,
    maxThreads: THREADS,
    idleTimeout: IDLE_MS,
    resourceLimits: { maxOldGenerationSizeMb: MEMORY },
    // Nothing of the host's secrets, and none of its flags.
    env: {},
    execArgv: [],
    recordTiming: false
  })
  // A thread that fails with nothing in hand is replaced; without a listener its error would end the host.
  return opened.on('error', () => {})
}

const tooMuchWork = () => Object.assign(new Error('The text takes too much work to read'), { code: TOO_MUCH_WORK })
