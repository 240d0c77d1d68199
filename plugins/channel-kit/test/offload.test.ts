import { threadId } from 'node:worker_threads'
import t from 'tap'
import { isTooMuchWork, offloaded } from '../src/offload.ts'

/** Long texts are worked on by another thread, and what takes too much of it ends. */

export const where = (text: string) => ({ thread: threadId, length: text.length, secrets: Object.keys(process.env) })

export function endless(text: string): number {
  let count = 0
  while (text) count += 1
  return count
}

export function greedy(text: string): unknown {
  const kept: string[][] = []
  while (text) kept.push([...text])
  return kept
}

export function broken(text: string): string {
  throw new Error(`broken: ${text.length}`)
}

const LONG = 'a'.repeat(4_097)

// A thread reads this file too, for the functions above.
if (threadId === 0) {
  t.test('a long text is worked on by a thread that knows nothing of the environment, a short one at once', async t => {
    const work = offloaded(import.meta.url, where)
    const long = await work(LONG)
    t.not(long.thread, threadId)
    t.match(long, { length: 4_097, secrets: [] })
    t.match(await work('a'), { thread: threadId, length: 1 })
  })

  t.test(
    'work without an end ends, and so does what would take all memory; work goes on afterwards',
    { timeout: 120_000 },
    async t => {
      const others = offloaded(import.meta.url, where)
      for (const work of [offloaded(import.meta.url, endless), offloaded(import.meta.url, greedy)]) {
        const error = await Promise.resolve(work(LONG)).catch((error: unknown) => error)
        t.ok(isTooMuchWork(error))
        t.match(error, { message: 'The text takes too much work to read' })
        t.match(await others(LONG), { length: 4_097 })
      }
    }
  )

  t.test('an error of the work is the error that it was', async t => {
    await t.rejects(offloaded(import.meta.url, broken)(LONG), { message: 'broken: 4097' })
  })
}
