import { setPriority } from 'node:os'
import { Script } from 'node:vm'
import type { Done, OffloadedTask } from './offload.ts'

/** A process of the pool, which works on one task at a time. */

/**
 * The greatest e-mail of the worst HTML takes 2.4 s of an idle core. On the clock, so that on a busy machine, where this
 * process comes last, it may be a tenth of that core.
 */
const LONGEST_MS = 20_000

/** Behind the host and its database, where all want the processor. */
const PRIORITY = 5

/** The engine ends a script by itself when its time is over, with all that it called; a signal would end the process. */
const SCRIPT = new Script('globalThis.offloadedWork()')

setPriority(PRIORITY)
// A terminal and a service's manager tell all processes to end. The host ends in order, and this one with it.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {})

export default async function run({ module, name, given }: OffloadedTask): Promise<Done> {
  const work = ((await import(module)) as Readonly<Record<string, (...given: readonly unknown[]) => unknown>>)[name]
  if (!work) throw new Error(`${module} exports no ${name}`)
  Object.assign(globalThis, { offloadedWork: () => work(...given) })
  try {
    return { kind: 'made', made: SCRIPT.runInThisContext({ timeout: LONGEST_MS }) }
  } catch (error) {
    // The way back takes an error's words along, and not its code.
    if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return { kind: 'ended' }
    throw error
  }
}
