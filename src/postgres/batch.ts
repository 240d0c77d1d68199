import { isAway } from './fault.ts'

/**
 * A batch waits for the one before, which makes it larger: two at the same time
 * took 2,900 messages a second where one took 3,350. One that takes long, since
 * the disk is at work or somebody has locked a row, does not hold up the others:
 * with 20 ms 8,800 messages a second were accepted where 3 ms took 9,800.
 */
const LONG_MS = 3
const AT_ONCE = 4
const OLD_MS = 1_000

/**
 * Turns a step for many into a step for one: calls that come while earlier ones
 * are under way are run together, in one transaction instead of one each. `run`
 * answers in the order of its items. A batch that fails is run one by one, so
 * that one bad item fails alone.
 */
export function createBatcher<Item, Answer>(
  run: (items: readonly Item[]) => Promise<readonly Answer[]>,
  most: number
): (item: Item) => Promise<Answer> {
  const waiting: { since: number; item: Item; resolve: (answer: Answer) => void; reject: (error: unknown) => void }[] =
    []
  let running = 0
  let planned = false
  let startedAt = 0
  let timer: NodeJS.Timeout | undefined

  /** After the events of this turn of the loop, so that what arrived together goes together. */
  function plan(): void {
    if (planned || running >= AT_ONCE || waiting.length === 0) return
    const early = running > 0 ? startedAt + LONG_MS - performance.now() : 0
    if (early > 0) {
      if (timer === undefined) timer = setTimeout(look, early)
      return
    }
    planned = true
    setImmediate(() => {
      planned = false
      void start(waiting.splice(0, most))
      plan()
    })
  }

  function look(): void {
    timer = undefined
    plan()
  }

  /** Who has waited for a database that is away would otherwise wait for it once more. */
  function refuseOld(error: unknown): void {
    const young = performance.now() - OLD_MS
    const old = waiting.filter(({ since }) => since < young)
    waiting.splice(0, old.length)
    for (const { reject } of old) reject(error)
  }

  async function failed(batch: typeof waiting, error: unknown): Promise<void> {
    const away = isAway(error)
    if (away) refuseOld(error)
    // No item is to blame for a database that is away, and each would wait for it once more.
    if (batch.length > 1 && !away) await Promise.all(batch.map(one => start([one])))
    else for (const { reject } of batch) reject(error)
  }

  async function start(batch: typeof waiting): Promise<void> {
    running += 1
    startedAt = performance.now()
    try {
      const answers = await run(batch.map(({ item }) => item))
      for (const [index, { resolve }] of batch.entries()) resolve(answers[index] as Answer)
    } catch (error) {
      await failed(batch, error)
    } finally {
      running -= 1
      plan()
    }
  }

  return item =>
    new Promise((resolve, reject) => {
      waiting.push({ since: performance.now(), item, resolve, reject })
      plan()
    })
}
