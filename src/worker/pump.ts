import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import { openLeaving } from './leaving.ts'
import type { Claimed, Item, Limits, Line } from './line.ts'
import { type Bucket, spread, type Want } from './share.ts'

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
/** How long a registration with nothing to do is kept: the next item then costs no job, and no claim. */
const KEEP_MS = 5_000
/** After a turn that the database refused. What ended is kept until it is settled. */
const RETRY_MS = 500
/** How often a host that stops looks whether everything has ended. */
const STOP_MS = 20
/** How soon a change of limits is noticed, and that another host has taken a registration over. */
const REFRESH_MS = 10_000

export function startPump<Taken extends Item, Done>(
  line: Line<Taken, Done>,
  limits: Limits,
  log: Pick<FastifyBaseLogger, 'error'>
) {
  const owned = new Map<number, Owned>()
  const inHand = new Map<number, Promise<void>>()
  const done: { owner: Owned | undefined; result: Done }[] = []
  const leaving = openLeaving(owned, line.hand)
  /** Registrations that are to be taken on, and what their jobs wait for. */
  const offered = new Map<number, PromiseWithResolvers<void>>()
  let turning: Promise<void> | undefined
  let again = false
  let timer: NodeJS.Timeout | undefined
  let fedAt = 0
  let stopping = false
  let ratedAt = performance.now()

  /** A turn as soon as the one under way is over. */
  function nudge(): void {
    if (turning) {
      again = true
      return
    }
    if (owned.size === 0 && done.length === 0 && offered.size === 0) return
    again = false
    clearTimeout(timer)
    turning = turn()
      .then(() => (performance.now() - fedAt < QUIET_MS ? LOOK_MS : IDLE_LOOK_MS))
      .catch(error => {
        log.error({ err: error }, 'a turn of the queue failed and is repeated')
        return RETRY_MS
      })
      .then(wait => {
        turning = undefined
        if (again && wait !== RETRY_MS) nudge()
        else if (owned.size > 0 || done.length > 0 || offered.size > 0) timer = setTimeout(nudge, wait)
      })
  }

  async function turn(): Promise<void> {
    await claim()
    const settled = done.slice()
    const wants = stopping ? [] : wanted()
    if (settled.length > 0 || wants.length > 0) await work(settled, wants)
    if (stopping) return
    await letGo(wants)
    await leaving.end()
  }

  async function work(settled: typeof done, wants: readonly Want[]): Promise<void> {
    const taken = await line.turn(
      settled.map(({ result }) => result),
      wants,
      [...inHand.keys()]
    )
    done.splice(0, settled.length)
    for (const { owner } of settled) if (owner) owner.open -= 1
    if (taken.length > 0) fedAt = performance.now()
    for (const item of taken) begin(item)
  }

  function offer(registrationId: number): Promise<void> {
    const known = offered.get(registrationId) ?? Promise.withResolvers<void>()
    // Nobody may be waiting for it any more.
    known.promise.catch(() => {})
    offered.set(registrationId, known)
    return known.promise
  }

  /** Within a turn, so that none is taken on while it is being let go. */
  async function claim(): Promise<void> {
    const old = performance.now() - REFRESH_MS
    const ids = new Set([...offered.keys(), ...[...owned].filter(([, { at }]) => at < old).map(([id]) => id)])
    if (ids.size === 0 || stopping) return
    // Whatever is offered from here on, the same ones included, is for the next turn.
    const offers = [...offered]
    offered.clear()
    const claimed = await line.claim([...ids]).catch(error => {
      for (const [id, { reject }] of offers) {
        reject(error)
        offer(id)
      }
      throw error
    })
    for (const [, { resolve }] of offers) resolve()
    for (const one of claimed) {
      ids.delete(one.registrationId)
      const known = owned.get(one.registrationId)
      // The same object, since the work in hand counts itself off it.
      owned.set(
        one.registrationId,
        Object.assign(known ?? { busy: 0, open: 0, begun: 0, bucket: undefined, fedAt: performance.now() }, one, {
          at: performance.now()
        })
      )
    }
    // Another host has these.
    for (const id of ids) if (owned.get(id)?.busy === 0) owned.delete(id)
  }

  /** The fair share of each registration: what is free is split among the groups, and a group's share among its own. */
  function wanted(): Want[] {
    const staying = owned.values().filter(({ registrationId }) => !leaving.has(registrationId))
    const groups = Map.groupBy(staying, ({ group }) => group)
    const share = Math.max(1, Math.min(limits.group, Math.floor(limits.total / groups.size)))
    return [...groups.values()].flatMap(members => {
      const busy = members.reduce((sum, member) => sum + member.busy, 0)
      const room = Math.max(busy === 0 ? 1 : 0, Math.min(share - busy, limits.total - inHand.size))
      return spread(members, room)
    })
  }

  function begin(item: Taken): void {
    const owner = owned.get(item.registrationId)
    if (owner) {
      owner.busy += 1
      owner.open += 1
      owner.begun += 1
      owner.fedAt = performance.now()
      if (owner.bucket) owner.bucket.tokens -= 1
    }
    const ended = line
      .work(item)
      .then(result => void done.push({ owner, result }))
      .catch(error => {
        log.error({ err: error }, 'an item was left as it was, and is taken again')
        if (owner) owner.open -= 1
      })
      .then(() => {
        inHand.delete(item.conversationId)
        if (owner) owner.busy -= 1
        nudge()
      })
    inHand.set(item.conversationId, ended)
  }

  /** Of those that got nothing in this turn, who have been idle for long. */
  async function letGo(wants: readonly Want[]): Promise<void> {
    const old = performance.now() - KEEP_MS
    const idle = wants.map(want => want.registrationId).filter(id => isIdle(owned.get(id), old))
    if (idle.length === 0 || done.length > 0) return
    for (const id of await line.rest(idle, false)) owned.delete(id)
    for (const id of idle) {
      const kept = owned.get(id)
      // What is due soon is waited for, without asking at each turn.
      if (kept) kept.fedAt = performance.now()
    }
  }

  return {
    /**
     * A job says that a registration has work. Resolves when some host has it,
     * since a job that ended before would be lost with a host that is killed in
     * between. Rejects when this host takes on no more, or cannot, so that another one is found.
     */
    async take(registrationId: number): Promise<void> {
      if (stopping) throw new Error('this host is stopping')
      const taken = offer(registrationId)
      nudge()
      await taken
    },

    nudge,

    /** How many items of each registration were begun a second since this was last asked. */
    rates(): Map<number, number> {
      const seconds = (performance.now() - ratedAt) / 1_000
      ratedAt = performance.now()
      const rates = new Map([...owned].map(([id, { begun }]) => [id, begun / seconds]))
      for (const owner of owned.values()) owner.begun = 0
      return rates
    },

    /** Hands registrations to another host, as soon as nothing of them is in hand. */
    hand(registrationIds: readonly number[], to: string): void {
      leaving.begin(registrationIds, to)
      nudge()
    },

    /** Takes on what another host has handed to this one. */
    async adopt(): Promise<void> {
      if (stopping) return
      const ids = await line.mine()
      for (const id of ids) if (!owned.has(id)) offer(id).catch(() => {})
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
        await line.turn(
          done.splice(0).map(({ result }) => result),
          [],
          []
        )
      await leave(end)
    }
  }

  /** Leaves everything to other hosts, which the database may refuse until it is `end`. */
  async function leave(end: number): Promise<void> {
    try {
      // Only who has a registration can find it another host.
      if (offered.size > 0) await line.claim([...offered.keys()])
      const left = [...new Set([...owned.keys(), ...offered.keys()])]
      if (left.length > 0) await line.rest(left, true)
    } catch (error) {
      if (performance.now() + RETRY_MS > end) throw error
      await delay(RETRY_MS)
      return leave(end)
    }
    owned.clear()
    for (const { resolve } of offered.values()) resolve()
  }
}

export type Pump = ReturnType<typeof startPump>

interface Owned extends Claimed {
  /** Items in hand. */
  busy: number
  /** Those, and what has ended and is still to be settled. */
  open: number
  /** Items since the rate was last asked for. */
  begun: number
  /** When it was last claimed. */
  at: number
  /** When it last had something to do. */
  fedAt: number
  bucket: Bucket | undefined
}

const isIdle = (owner: Owned | undefined, since: number) => owner?.busy === 0 && owner.fedAt < since
