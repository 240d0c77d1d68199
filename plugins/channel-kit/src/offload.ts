import { AsyncLocalStorage } from 'node:async_hooks'
import limit, { type LimitFunction } from 'p-limit'
import { Tinypool } from 'tinypool'

/**
 * Work on what a tenant writes, beside the event loop: long texts go to a small pool of processes, short ones are done at
 * once, which is sooner than the way there. So a text that takes long keeps nobody else waiting, and what takes longer
 * than any text should, or more memory, ends by itself.
 */

/** In characters. The worst Markdown of this length takes some 12 ms; the way of a text to a process and back takes 2. */
export const SHORT = 4_096

/** Processes at the same time. One that has nothing to do for so long ends, with its memory. */
const PROCESSES = 2
const IDLE_MS = 30_000

/**
 * In MiB, of the heap of one process; the greatest e-mail of the worst HTML takes 350. Threads have such a limit too, but
 * one that reached it ended the whole host in two of six tries.
 */
const MEMORY = 768

const TOO_MUCH_WORK = 'ERR_TOO_MUCH_WORK'

/** True if offloaded work was ended before it was done. A message of which `send` throws this is rejected, in its words. */
export const isTooMuchWork = (error: unknown): boolean =>
  error instanceof Error && (error as NodeJS.ErrnoException).code === TOO_MUCH_WORK

export interface OffloadedTask {
  module: string
  name: string
  given: readonly unknown[]
}

/** `ended`: its time was over. */
export type Done = { kind: 'made'; made: unknown } | { kind: 'ended' }

let pool: Tinypool | undefined

/** The pool forgets the tasks that wait for a process that dies, so none waits there. */
const inTurn = limit(PROCESSES)

/** Turns of accounts: one text of each is worked on at a time, so that an account with many waits for itself. */
const account = new AsyncLocalStorage<number>()
const turns = new Map<number | undefined, LimitFunction>()

/** The host calls a channel's verbs so, by the id of the registration: its long texts take turns with those of others. */
export const forAccount = <Made>(registrationId: number, call: () => Made): Made => account.run(registrationId, call)

async function inTurnOfAccount<Made>(work: () => Promise<Made>): Promise<Made> {
  const id = account.getStore()
  const turn = turns.get(id) ?? limit(1)
  turns.set(id, turn)
  try {
    return await turn(() => inTurn(work))
  } finally {
    if (turn.activeCount + turn.pendingCount === 0) turns.delete(id)
  }
}

/**
 * `work` as a promise. It has to be a pure function, whose arguments and result can be cloned, and an export of `module`
 * (`import.meta.url`) by its own name. Given texts of more than 4,096 characters together, it is done by a
 * process of the pool, for 20 seconds and in 768 MiB at most; beyond that it rejects with an error that `isTooMuchWork` knows.
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
  const opened = pool
  const task = { module, name: work.name, given } satisfies OffloadedTask
  const done = await inTurnOfAccount((): Promise<Done> => opened.run(task)).catch((error: Error) => {
    // The engine ends a process whose memory is used up.
    if (error.message === 'Worker exited unexpectedly') throw tooMuchWork()
    throw error
  })
  if (done.kind === 'ended') throw tooMuchWork()
  return done.made as Made
}

function openPool(): Tinypool {
  const opened = new Tinypool({
    filename: new URL('offload-process.ts', import.meta.url).href,
    runtime: 'child_process',
    // A Map stays one.
    serialization: 'advanced',
    minThreads: 0,
    maxThreads: PROCESSES,
    idleTimeout: IDLE_MS,
    // Nothing of the host's secrets, and none of its flags.
    env: {},
    execArgv: [`--max-old-space-size=${MEMORY}`]
  })
  // A process that ends with nothing in hand is replaced; without a listener its error would end the host.
  opened.on('error', () => {})
  return opened
}

const tooMuchWork = () => Object.assign(new Error('The text takes too much work to read'), { code: TOO_MUCH_WORK })
