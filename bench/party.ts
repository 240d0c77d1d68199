import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'

/** A side of a run in a process of its own, so that its costs can be told apart: it is asked, and answers. */
export interface Party {
  pid: number
  ask<Answer>(verb: string, given?: object): Promise<Answer>
  close(): Promise<void>
}

interface Question {
  id: number
  verb: string
  given: object
}

interface Answer {
  id: number
  value?: unknown
  failed?: string
}

type Verbs = Record<string, (given: never) => unknown>

/** Starts `program`, a file of `parties/`. */
export async function startParty(program: string, given: object = {}): Promise<Party> {
  const child = fork(new URL(`parties/${program}`, import.meta.url), { serialization: 'advanced' })
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  let questions = 0
  child.on('message', ({ id, value, failed }: Answer) => {
    const asked = waiting.get(id)
    waiting.delete(id)
    if (failed === undefined) asked?.resolve(value)
    else asked?.reject(new Error(`${program}: ${failed}`))
  })
  child.once('exit', code => {
    for (const asked of waiting.values()) asked.reject(new Error(`${program} ended with ${code}`))
  })

  const ask = (verb: string, given: object = {}) => {
    const asked = Promise.withResolvers<unknown>()
    questions += 1
    waiting.set(questions, asked)
    child.send({ id: questions, verb, given } satisfies Question)
    return asked.promise
  }
  await ask('start', given)
  return { pid: child.pid as number, ask: ask as Party['ask'], close: () => end(child) }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const ended = once(child, 'exit')
  child.disconnect()
  await ended
}

/** The side's own end: answers questions until the process that started it disconnects. */
export function serve(verbs: Verbs & { start: (given: never) => unknown }): void {
  process.on('message', async ({ id, verb, given }: Question) => {
    const answer = await Promise.try(async () => ({ id, value: await verbs[verb]?.(given as never) })).catch(
      (error: Error) => ({ id, failed: error.message })
    )
    process.send?.(answer satisfies Answer)
  })
  process.once('disconnect', () => process.exit())
}
