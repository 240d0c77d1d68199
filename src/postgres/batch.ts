import { isAway } from './fault.ts'

/**
 * A batch waits for the one before, which makes it larger: two at the same time
 * took 2,900 messages a second where one took 3,350. A batch that takes longer
 * than this, since the disk is at work or a row is locked, does not hold up the
 * next one: with 20 ms 8,800 messages a second were accepted where 3 ms took 9,800.
 */
const LONG_MS = 3
const MAX_BATCHES = 4
/** Items that have waited for so long fail with a batch that found the database away. */
const OLD_MS = 1_000

/**
 * Batches calls: items that come while earlier ones are under way are run
 * together, in one transaction instead of one each. `run` answers in the order of
 * its items. The items of a batch that fails are run one by one, so that a bad
 * item fails alone.
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

  /** Starts a batch after the events of this turn of the loop, so that items that arrived together go together. */
  function plan(): void {
    if (planned || running >= MAX_BATCHES || waiting.length === 0) return
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

  /** Rejects items that have waited for a database that is away: they would otherwise wait for it once more. */
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
