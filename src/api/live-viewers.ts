import { PassThrough } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'

/**
 * Viewers of something that changes, as server-sent events: it is read once for all of this host, and only while there are
 * any. A viewer who takes nothing gets the latest when there is room again, and nothing of what was between.
 */

/** Changes come at most as often. */
const EVERY_MS = 2_000
/** A reading that takes long is not repeated all the time. */
const MOST_OF_TIME = 0.1
const HEARTBEAT_MS = 15_000
/** Times between two looks whether the viewer may still see it. */
const CHECK_MS = 60_000
/** A stream ends after so long, and its viewer comes again with what lets it in. */
const LONGEST_MS = 3_600_000
const MOST_VIEWERS = 50
/** Viewers of one client, so that none shuts out the others. */
const MOST_OF_ONE = 20

interface Viewer<Seen> {
  key: string
  stream: PassThrough
  shown: (seen: Seen) => { at: string }
  may: () => Promise<boolean>
  /** The last text, without its time. */
  last: string | undefined
  checkedAt: number
}

interface Deps<Seen> {
  event: string
  read: () => Promise<Seen>
  failed: (error: unknown) => void
  /** For tests: the times between two changes and two checks. */
  everyMs?: number | undefined
  checkMs?: number | undefined
}

export function liveViewers<Seen>({ event, read, failed, everyMs = EVERY_MS, checkMs = CHECK_MS }: Deps<Seen>) {
  const viewers = new Set<Viewer<Seen>>()
  let latest: { seen: Seen; at: number } | undefined
  let isReading = false
  const closing = new AbortController()

  /** Reads and tells until nobody looks on any more. */
  async function readOn(): Promise<void> {
    if (isReading) return
    isReading = true
    while (viewers.size > 0 && !closing.signal.aborted) {
      const begun = performance.now()
      try {
        latest = { seen: await read(), at: performance.now() }
        for (const viewer of viewers) tell(viewer)
      } catch (error) {
        failed(error)
      }
      await checkAll()
      const took = performance.now() - begun
      await delay(Math.max(everyMs, took / MOST_OF_TIME), undefined, { signal: closing.signal }).catch(() => {})
    }
    latest = undefined
    isReading = false
  }

  function tell(viewer: Viewer<Seen>): void {
    if (!latest || viewer.stream.writableNeedDrain) return
    const { at, ...rest } = viewer.shown(latest.seen)
    const text = JSON.stringify(rest)
    if (text === viewer.last) return
    viewer.last = text
    viewer.stream.write(`event: ${event}\ndata: ${JSON.stringify({ at, ...rest })}\n\n`)
  }

  async function checkAll(): Promise<void> {
    for (const viewer of [...viewers]) {
      if (performance.now() - viewer.checkedAt < checkMs) continue
      viewer.checkedAt = performance.now()
      // A database that is away says nothing about the token.
      if (!(await viewer.may().catch(() => true))) viewer.stream.end()
    }
  }

  return {
    /** The stream of one more viewer; undefined: there are as many as may be. */
    join({ key, shown, may }: Pick<Viewer<Seen>, 'key' | 'shown' | 'may'>): PassThrough | undefined {
      const own = [...viewers].filter(viewer => viewer.key === key).length
      if (closing.signal.aborted || viewers.size >= MOST_VIEWERS || own >= MOST_OF_ONE) return undefined
      const stream = new PassThrough()
      const viewer: Viewer<Seen> = { key, stream, shown, may, last: undefined, checkedAt: performance.now() }
      const heartbeat = setInterval(() => {
        if (!stream.writableNeedDrain) stream.write(': \n\n')
      }, HEARTBEAT_MS).unref()
      const longest = setTimeout(() => stream.end(), LONGEST_MS).unref()
      const leave = () => {
        viewers.delete(viewer)
        clearInterval(heartbeat)
        clearTimeout(longest)
      }
      stream.once('close', leave).once('finish', leave)
      viewers.add(viewer)
      // Headers go with the first bytes.
      stream.write(': \n\n')
      tell(viewer)
      void readOn()
      return stream
    },

    get size(): number {
      return viewers.size
    },

    close(): void {
      closing.abort()
      for (const { stream } of viewers) stream.end()
    }
  }
}
