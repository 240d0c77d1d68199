import { Script } from 'node:vm'
import type { Done, OffloadedTask } from './offload.ts'

/** What a thread of the pool does: one task at a time. */

/** Far more than the greatest text takes on a busy machine, and little enough for who waits behind it. */
const LONGEST_MS = 5_000

/** The engine ends a script by itself when its time is over, with all that it called; a signal would end the thread. */
const SCRIPT = new Script('globalThis.offloadedWork()')

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
