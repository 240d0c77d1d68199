/**
 * Readers of this host that wait for events. They hold no connection and ask nothing: one look for all of them finds
 * what is new, now and then, and at once when this host has stored something. (A NOTIFY by every transaction that writes
 * an event would be paid by all of them, since its commits go one after another, and mostly for nobody.)
 */

/** The time between two looks while somebody waits: events of other hosts, and statuses, come so much later. */
const LOOK_EVERY_MS = 250

export type WaitingReaders = ReturnType<typeof createWaitingReaders>

/** `endOf`: the last position of the feed. */
export function createWaitingReaders(endOf: () => Promise<number>) {
  const waiting = new Set<{ after: number; end: () => void }>()
  let timer: NodeJS.Timeout | undefined
  let isLooking = false
  let isNudged = false
  let isClosed = false

  async function look(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    isLooking = true
    do {
      isNudged = false
      // A database that is away has nothing new: the readers are told by their next request.
      const last = await endOf().catch(() => 0)
      for (const reader of [...waiting]) if (last > reader.after) reader.end()
    } while (isNudged && waiting.size > 0)
    isLooking = false
    lookLater()
  }

  function lookLater(): void {
    if (waiting.size > 0 && !isLooking) timer ??= setTimeout(() => void look(), LOOK_EVERY_MS).unref()
  }

  return {
    /** Resolves when there is something after the position, when `enough` aborts, or when the host stops. */
    wait: (after: number, enough: AbortSignal): Promise<void> =>
      new Promise(resolve => {
        const end = () => {
          waiting.delete(reader)
          enough.removeEventListener('abort', end)
          resolve()
        }
        const reader = { after, end }
        if (isClosed || enough.aborted) return resolve()
        enough.addEventListener('abort', end, { once: true })
        waiting.add(reader)
        lookLater()
      }),

    /** This host has stored something. */
    nudge(): void {
      isNudged = true
      if (waiting.size > 0 && !isLooking) void look()
    },

    get isClosed(): boolean {
      return isClosed
    },

    /** Ends all waits. */
    close(): void {
      isClosed = true
      clearTimeout(timer)
      for (const reader of [...waiting]) reader.end()
    }
  }
}
