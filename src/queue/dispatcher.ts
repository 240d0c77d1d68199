import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import { type Claim, createClaims } from './claimed-registrations.ts'
import { fairShare, type Want } from './fair-share.ts'
import type { DispatchLimits, QueueItem, WorkSource } from './work-source.ts'

/**
 * Works on the registrations that this host has taken on, for one kind of work.
 * In turns: a turn settles whatever has ended since the last one and takes the
 * next items of all registrations, in one transaction, so the database's work a
 * message falls as the load rises. Turns never overlap.
 */

/** How soon an item that another host stored is noticed, while there is work and while there is none. */
const LOOK_MS = 50
const IDLE_LOOK_MS = 250
/** So long after the last item there is none. */
const QUIET_MS = 1_000
/** After a turn that the database refused. What ended is kept until it is settled. */
const RETRY_MS = 500
/** One turn may fail by a connection that is lost. */
const STUCK = 3
/** How often a host that stops looks whether everything has ended. */
const STOP_MS = 20

export function startDispatcher<Taken extends QueueItem, Done>(
  source: WorkSource<Taken, Done>,
  limits: DispatchLimits,
  log: Pick<FastifyBaseLogger, 'error'>
) {
  const claims = createClaims(source)
  const inHand = new Map<number, Promise<void>>()
  const done: { owner: Claim | undefined; result: Done }[] = []
  let turning: Promise<void> | undefined
  let again = false
  let timer: NodeJS.Timeout | undefined
  let fedAt = 0
  let stopping = false
  /** Turns that failed since the last one that did not. */
  let failures = 0

  /** A turn as soon as the one under way is over. */
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
        return performance.now() - fedAt < QUIET_MS ? LOOK_MS : IDLE_LOOK_MS
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
    // Within a turn, so that none is taken on while it is being let go.
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
    for (const { owner } of settled) if (owner) owner.open -= 1
    if (taken.length > 0) fedAt = performance.now()
    for (const item of taken) begin(item)
  }

  /** The fair share of each registration: what is free is split among the groups, and a group's share among its own. */
  function fairWants(): Want[] {
    const groups = Map.groupBy(claims.staying(), ({ group }) => group)
    const share = Math.max(1, Math.min(limits.group, Math.floor(limits.total / groups.size)))
    return [...groups.values()].flatMap(members => {
      const busy = members.reduce((sum, member) => sum + member.busy, 0)
      const room = Math.max(busy === 0 ? 1 : 0, Math.min(share - busy, limits.total - inHand.size))
      return fairShare(members, room)
    })
  }

  function begin(item: Taken): void {
    const owner = claims.get(item.registrationId)
    if (owner) {
      owner.busy += 1
      owner.open += 1
      owner.begun += 1
      owner.fedAt = performance.now()
      if (owner.bucket) owner.bucket.tokens -= 1
    }
    const ended = source
      .process(item)
      .then(result => void done.push({ owner, result }))
      .catch(error => {
        log.error({ event: 'queue.item_failed', err: error }, 'queue item failed; taken again')
        if (owner) owner.open -= 1
      })
      .then(() => {
        inHand.delete(item.conversationId)
        if (owner) owner.busy -= 1
        nudge()
      })
    inHand.set(item.conversationId, ended)
  }

  return {
    /**
     * A job says that a registration has work. Resolves when some host has it,
     * since a job that ended before would be lost with a host that is killed in
     * between. Rejects when this host takes on no more, or cannot, so that another one is found.
     */
    async take(registrationId: number): Promise<void> {
      if (stopping) throw new Error('this host is stopping')
      const taken = claims.offer(registrationId)
      nudge()
      await taken
    },

    nudge,

    /** Whether turns keep failing, so that nothing is worked on. */
    isStuck: () => failures >= STUCK,

    rates: claims.rates,

    /** Hands registrations to another host, as soon as nothing of them is in hand. */
    hand(registrationIds: readonly number[], to: string): void {
      claims.hand(registrationIds, to)
      nudge()
    },

    /** Takes on what another host has handed to this one. */
    async adopt(): Promise<void> {
      if (stopping) return
      await claims.adopt()
      nudge()
    },

    /** Takes nothing more, waits for what is in hand, and leaves the rest to other hosts. */
    async stop(graceMs: number): Promise<void> {
      stopping = true
      const end = performance.now() + graceMs
      // A turn that is under way still takes what it asked for, and one that the database refuses is repeated.
      while ((turning || inHand.size > 0 || done.length > 0) && performance.now() < end) await delay(STOP_MS)
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

  /** Leaves everything to other hosts, which the database may refuse until it is `end`. */
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
