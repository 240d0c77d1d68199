import { setTimeout as delay } from 'node:timers/promises'
import { placeEvents } from '../events/feed.ts'
import type { WaitingReaders } from '../events/waiting-readers.ts'
import { within } from '../http-client/timeout.ts'
import type { Jobs } from '../queue/jobs.ts'
import {
  claimWebhook,
  findWithNews,
  type Looked,
  listClaimed,
  type PushWebhook,
  releaseWebhooks,
  savePositions,
  scheduleWebhook
} from './claim.ts'
import { createRun, type RunDeps } from './run.ts'

/**
 * Pushes events of the webhooks that this host has claimed. While it has none, it does nothing. Otherwise one look for all
 * of them reads their rows once a second, which tells what clients and other hosts have changed, and finds those with new
 * events: four times a second, and at once where this host stored some, as for waiting readers of the feed.
 */

/** The time between two reads of the rows, to which a claim, a change by a client and a pause are noticed. */
const READ_EVERY_MS = 1_000
/** The least time between two looks: a busy host stores events all the time. */
const LOOK_EVERY_MS = 100
/** Time between two saves of how far webhooks without news are. */
const SAVE_EVERY_MS = 10_000
/** Without a look for so long nothing is pushed: other hosts take the claims of a host that is silent for 15 s. */
const CLAIM_SURE_MS = 10_000
/** Until the next try after an error, usually of a database that is away. */
const RETRY_MS = 2_000
/** Requests on their way have so long to end when the host stops: those that do not come once more by another host. */
const STOP_MS = 5_000

interface Deps extends RunDeps {
  host: string
  readers: Pick<WaitingReaders, 'wait' | 'isClosed'>
}

interface Claim {
  webhook: PushWebhook
  /** Nothing that it wants is left up to this position; undefined: there may be. */
  idleTo: number | undefined
  /** Its run is over: another host has it, or a client has changed it. */
  isLost: boolean
  /** Left alone until then, after an error of ours. */
  restsUntil: number
}

export function createPusher(deps: Deps) {
  const { database, host, readers, now, log } = deps
  const run = createRun(deps)
  const claims = new Map<number, Claim>()
  /** Runs by webhook: one at a time, that of an earlier claim included. */
  const runs = new Map<number, Promise<void>>()
  const over = new AbortController()
  const abandoned = new AbortController()
  let poked = new AbortController()
  let watching: Promise<void> | undefined
  let readAt = Number.NEGATIVE_INFINITY
  /** A run found its row changed: it may still be this host's. */
  let isStale = false
  let savedAt = performance.now()

  const isSure = () => performance.now() - readAt < CLAIM_SURE_MS

  function keep(webhook: PushWebhook): void {
    claims.set(webhook.id, { webhook, idleTo: undefined, isLost: false, restsUntil: 0 })
  }

  /** Another host has it, it is disabled, or a client has changed or removed it. */
  function lose(claim: Claim): void {
    claim.isLost = true
    if (claims.get(claim.webhook.id) === claim) claims.delete(claim.webhook.id)
  }

  async function watch(): Promise<void> {
    while ((claims.size > 0 || isStale) && !over.signal.aborted) {
      poked = new AbortController()
      try {
        if (isStale || performance.now() - readAt >= READ_EVERY_MS) await readRows()
        await rest(await look())
      } catch (error) {
        if (over.signal.aborted) break
        log.warn({ event: 'webhook_push.look_failed', err: error }, 'webhooks could not be looked at; tried again')
        await pause(RETRY_MS)
      }
    }
    watching = undefined
  }

  /** Rows as clients and other hosts have left them. */
  async function readRows(): Promise<void> {
    const before = [...claims.values()].map(claim => ({ claim, wasRunning: runs.has(claim.webhook.id) }))
    const began = performance.now()
    const rows = new Map((await listClaimed(database, host)).map(row => [row.id, row]))
    readAt = began
    isStale = false
    for (const { claim, wasRunning } of before) {
      const row = rows.get(claim.webhook.id)
      if (row?.version !== claim.webhook.version) lose(claim)
      // A run writes to the row, and knows it better than what was read meanwhile.
      else if (!wasRunning && !runs.has(row.id)) claim.webhook = row
    }
    for (const [id, row] of rows) if (!claims.has(id)) keep(row)
  }

  /** Begins what is due. Answers the position behind which there may be something new for those without news. */
  async function look(): Promise<number | undefined> {
    const ready = [...claims.values()].filter(isReady)
    const ends = await lookForNews(ready.filter(({ idleTo }) => idleTo !== undefined))
    for (const claim of ready) if (claim.idleTo === undefined && isReady(claim)) begin(claim)
    return ends.length > 0 ? Math.min(...ends) : undefined
  }

  /** Looks further for those without news. Answers the ends of what was looked through for those that have none still. */
  async function lookForNews(idle: readonly Claim[]): Promise<number[]> {
    if (idle.length === 0) return []
    const { last } = await placeEvents(database)
    const behind = idle.flatMap(({ webhook, idleTo: to = last }) => (to < last ? [{ webhook, to }] : []))
    const found = behind.length > 0 ? await findWithNews(database, behind, last) : new Set()
    for (const claim of idle) claim.idleTo = found.has(claim.webhook.id) ? undefined : Math.max(claim.idleTo ?? 0, last)
    await saveIdle(idle)
    return idle.flatMap(({ idleTo }) => idleTo ?? [])
  }

  async function saveIdle(idle: readonly Claim[]): Promise<void> {
    if (performance.now() - savedAt < SAVE_EVERY_MS) return
    savedAt = performance.now()
    const moved: Looked[] = idle.flatMap(({ webhook, idleTo: to }) =>
      to === undefined || to <= webhook.position ? [] : [{ webhook, to }]
    )
    await savePositions(database, host, moved)
  }

  const isReady = ({ webhook: { id, dueAt }, restsUntil }: Claim) =>
    !runs.has(id) && (dueAt === null || dueAt <= now()) && restsUntil <= performance.now()

  function begin(claim: Claim): void {
    const { id } = claim.webhook
    const running = runClaim(claim).finally(() => {
      runs.delete(id)
      poked.abort()
    })
    runs.set(id, running)
  }

  async function runClaim(claim: Claim): Promise<void> {
    const isOver = () => over.signal.aborted || claim.isLost || !isSure()
    const { id, registrationId } = claim.webhook
    try {
      // As it is now: what a client has changed or removed a moment ago holds.
      const [webhook] = await listClaimed(database, host, id)
      if (!webhook) return lose(claim)
      claim.webhook = webhook
      const end = await run(webhook, { isOver, interrupted: abandoned.signal })
      if (end.kind === 'over') {
        isStale = true
        return lose(claim)
      }
      claim.webhook = end.webhook
      claim.idleTo = end.kind === 'idle' ? end.to : undefined
    } catch (error) {
      log.warn(
        { event: 'webhook_push.run_failed', webhook: id, registration: registrationId, err: error },
        'events of a webhook could not be read, or what became of them not be stored; tried again'
      )
      claim.restsUntil = performance.now() + RETRY_MS
    }
  }

  /** Until there is something new behind the position, a run has ended, or the rows are to be read again. */
  async function rest(end: number | undefined): Promise<void> {
    await pause(LOOK_EVERY_MS)
    if (poked.signal.aborted || over.signal.aborted) return
    const ms = Math.max(1, readAt + READ_EVERY_MS - performance.now())
    if (end === undefined || readers.isClosed) await pause(ms, poked.signal)
    else await within(ms, enough => readers.wait(end, enough), poked.signal)
  }

  const pause = (ms: number, signal = over.signal) => delay(ms, undefined, { signal }).catch(() => {})

  return {
    /** Claims a webhook, if no other host has. */
    async take({ webhook: id }: Jobs['push']): Promise<void> {
      if (over.signal.aborted) return scheduleWebhook(database.db, id, new Date(now().getTime() + RETRY_MS))
      if (claims.has(id)) return
      const began = performance.now()
      const claimed = await claimWebhook(database, id, host)
      if (!claimed || claims.has(id)) return
      keep(claimed)
      if (claims.size === 1) readAt = began
      watching ??= watch()
      poked.abort()
    },

    /** Begins nothing any more, and waits for what was begun. */
    async stop(): Promise<void> {
      over.abort()
      poked.abort()
      const timer = setTimeout(() => abandoned.abort(), STOP_MS)
      await watching
      await Promise.all(runs.values())
      clearTimeout(timer)
    },

    /** Gives all webhooks to other hosts; after this one takes no jobs any more. */
    release: () => releaseWebhooks(database, host)
  }
}
