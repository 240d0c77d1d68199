import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import { type Claim, createClaims } from './claimed-registrations.ts'
import { fairShare, type Want } from './fair-share.ts'
import { countBegun } from './lanes.ts'
import type { DispatchLimits, QueueItem, WorkSource } from './work-source.ts'

/**
 * Works on the claimed registrations of this host, for one kind of work. In turns: a turn settles the results since the
 * last one and takes the next items of all registrations, in one transaction, so the database's work per message falls
 * as the load rises. Turns never overlap.
 */

/** Interval of turns, which bounds how soon another host's item is noticed: while there is work, and while there is none. */
const POLL_BUSY_MS = 50
const POLL_IDLE_MS = 250
/** So long after the last item the queue counts as idle. */
const IDLE_AFTER_MS = 1_000
/** Wait after a turn that the database refused. Results are kept until they are settled. */
const RETRY_MS = 500
/** Failed turns in a row after which the dispatcher is stuck: a single turn may fail by a lost connection. */
const STUCK_FAILURES = 3
/** Interval at which a stopping host checks that everything has ended. */
const STOP_POLL_MS = 20

export function startDispatcher<Taken extends QueueItem, Done>(
  source: WorkSource<Taken, Done>,
  limits: DispatchLimits,
  log: Pick<FastifyBaseLogger, 'error'>
) {
  const claims = createClaims(source)
  const inHand = new Map<number, Promise<void>>()
  const done: { claim: Claim | undefined; result: Done }[] = []
  let turning: Promise<void> | undefined
  let again = false
  let timer: NodeJS.Timeout | undefined
  let fedAt = 0
  let stopping = false
  /** Failed turns since the last good one. */
  let failures = 0

  /** Starts a turn, as soon as the one under way is over. */
  function nudge(): void {
    if (turning) {
      again = true
      return
    }
    if (claims.isEmpty() && done.length === 0) return
    again = false
    clearTimeout(timer)
    turning = turn()
      .then(() => {
        failures = 0
        return performance.now() - fedAt < IDLE_AFTER_MS ? POLL_BUSY_MS : POLL_IDLE_MS
      })
      .catch(error => {
        failures += 1
        log.error({ event: 'queue.turn_failed', err: error }, 'queue turn failed; repeated')
        return RETRY_MS
      })
      .then(wait => {
        turning = undefined
        if (again && wait !== RETRY_MS) nudge()
        else if (!claims.isEmpty() || done.length > 0) timer = setTimeout(nudge, wait)
      })
  }

  async function turn(): Promise<void> {
    // Within a turn, so that no registration is claimed while it is being released.
    if (!stopping) await claims.claim()
    const settled = done.slice()
    const wants = stopping ? [] : fairWants()
    if (settled.length > 0 || wants.length > 0) await work(settled, wants)
    if (stopping) return
    if (done.length === 0) await claims.releaseIdle(wants)
    await claims.finishHandOffs()
  }

  async function work(settled: typeof done, wants: readonly Want[]): Promise<void> {
    const taken = await source.settleAndClaim(
      settled.map(({ result }) => result),
      wants,
      [...inHand.keys()]
    )
    done.splice(0, settled.length)
    for (const { claim } of settled) if (claim) claim.open -= 1
    if (taken.length > 0) fedAt = performance.now()
    for (const item of taken) begin(item)
  }

  /** The fair share of each registration: free room is split among the groups, and a group's share among its members. */
  function fairWants(): Want[] {
    const groups = Map.groupBy(claims.staying(), ({ group }) => group)
    const share = Math.max(1, Math.min(limits.group, Math.floor(limits.total / groups.size)))
    return [...groups.values()].flatMap(members => {
      const busy = members.reduce((sum, member) => sum + member.busy, 0)
      const room = Math.max(busy === 0 ? 1 : 0, Math.min(share - busy, limits.total - inHand.size))
      return fairShare(members, room, share)
    })
  }

  function begin(item: Taken): void {
    const claim = claims.get(item.registrationId)
    if (claim) {
      claim.busy += 1
      claim.open += 1
      claim.begun += 1
      claim.fedAt = performance.now()
      if (claim.bucket) claim.bucket.tokens -= 1
      countBegun(claim.lane, item.bulk === true, limits.group)
    }
    const ended = source
      .process(item)
      .then(result => void done.push({ claim, result }))
      .catch(error => {
        log.error({ event: 'queue.item_failed', err: error }, 'queue item failed; taken again')
        if (claim) claim.open -= 1
      })
      .then(() => {
        inHand.delete(item.conversationId)
        if (claim) {
          claim.busy -= 1
          if (item.bulk) claim.lane.busy -= 1
        }
        nudge()
      })
    inHand.set(item.conversationId, ended)
  }

  return {
    /**
     * Takes the registration that a job is about. Resolves when some host has claimed it, since a job that ended before
     * would be lost with a host that is killed in between. Rejects when this host is stopping or cannot claim it, so
     * that the job finds another host.
     */
    async take(registrationId: number): Promise<void> {
      if (stopping) throw new Error('this host is stopping')
      const claimed = claims.offer(registrationId)
      nudge()
      await claimed
    },

    nudge,

    /** True while turns keep failing, so that nothing is worked on. */
    isStuck: () => failures >= STUCK_FAILURES,

    /** Items in hand. */
    busy: () => inHand.size,

    rates: claims.rates,

    /** Hands registrations off to another host, as soon as nothing of them is in hand. */
    handOff(registrationIds: readonly number[], to: string): void {
      claims.handOff(registrationIds, to)
      nudge()
    },

    /** Claims the registrations that other hosts have handed off to this one. */
    async adopt(): Promise<void> {
      if (stopping) return
      await claims.adopt()
      nudge()
    },

    /** Drains: takes no more items, waits for those in hand, and releases all claims for other hosts. */
    async stop(graceMs: number): Promise<void> {
      stopping = true
      const end = performance.now() + graceMs
      // A turn under way still takes its items, and a turn that the database refuses is repeated.
      while ((turning || inHand.size > 0 || done.length > 0) && performance.now() < end) await delay(STOP_POLL_MS)
      clearTimeout(timer)
      await turning
      if (done.length > 0)
        await source.settleAndClaim(
          done.splice(0).map(({ result }) => result),
          [],
          []
        )
      await releaseAll(end)
    }
  }

  /** Releases all claims, and tries again until `end` while the database refuses it. */
  async function releaseAll(end: number): Promise<void> {
    try {
      await claims.releaseAll()
    } catch (error) {
      if (performance.now() + RETRY_MS > end) throw error
      await delay(RETRY_MS)
      return releaseAll(end)
    }
  }
}

export type Dispatcher = ReturnType<typeof startDispatcher>
