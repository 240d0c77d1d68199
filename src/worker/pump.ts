import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import { type Bucket, type OwnLimits, spread, type Want } from './share.ts'

/**
 * Works on the registrations that this host has taken on, for one kind of work.
 * In turns: a turn settles whatever has ended since the last one and takes the
 * next items of all registrations, in one transaction, so the database's work a
 * message falls as the load rises. Turns never overlap.
 */

/** An open item at the head of its conversation. */
export interface Item {
  registrationId: number
  conversationId: number
}

interface Claimed {
  registrationId: number
  /** Those that share one other side, which may be slow. */
  group: string
  limits?: OwnLimits
}

/** What the pump needs to know of a kind of work. */
export interface Line<Taken extends Item, Done> {
  /** Takes registrations on, or keeps them, but for those that another host has. */
  claim(registrationIds: readonly number[]): Promise<readonly Claimed[]>
  /** Settles and takes in one transaction. Conversations in hand are not taken again. */
  turn(done: readonly Done[], wants: readonly Want[], inHand: readonly number[]): Promise<readonly Taken[]>
  /** Lets go of those that have nothing due, and of any if `all`. Answers which ones it let go. */
  rest(registrationIds: readonly number[], all: boolean): Promise<readonly number[]>
  /** Must not reject. */
  work(item: Taken): Promise<Done>
}

export interface Limits {
  /** Items in hand at the same time; each group may always have one. */
  total: number
  /** Items of one group in hand at the same time. */
  group: number
}

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
  const done: Done[] = []
  /** Registrations that are to be taken on, and what their jobs wait for. */
  const offered = new Map<number, PromiseWithResolvers<void>>()
  let turning: Promise<void> | undefined
  let again = false
  let timer: NodeJS.Timeout | undefined
  let fedAt = 0
  let stopping = false

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
    if (settled.length === 0 && wants.length === 0) return
    const taken = await line.turn(settled, wants, [...inHand.keys()])
    done.splice(0, settled.length)
    if (taken.length > 0) fedAt = performance.now()
    for (const item of taken) begin(item)
    if (!stopping) await letGo(wants)
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
        Object.assign(known ?? { busy: 0, bucket: undefined, fedAt: performance.now() }, one, { at: performance.now() })
      )
    }
    // Another host has these.
    for (const id of ids) if (owned.get(id)?.busy === 0) owned.delete(id)
  }

  /** The fair share of each registration: what is free is split among the groups, and a group's share among its own. */
  function wanted(): Want[] {
    const groups = Map.groupBy(owned.values(), ({ group }) => group)
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
      owner.fedAt = performance.now()
      if (owner.bucket) owner.bucket.tokens -= 1
    }
    const ended = line
      .work(item)
      .then(result => void done.push(result))
      .catch(error => log.error({ err: error }, 'an item was left as it was, and is taken again'))
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

    /** Takes nothing more, waits for what is in hand, and leaves the rest to other hosts. */
    async stop(graceMs: number): Promise<void> {
      stopping = true
      const end = performance.now() + graceMs
      // A turn that is under way still takes what it asked for, and one that the database refuses is repeated.
      while ((turning || inHand.size > 0 || done.length > 0) && performance.now() < end) await delay(STOP_MS)
      clearTimeout(timer)
      await turning
      if (done.length > 0) await line.turn(done.splice(0), [], [])
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

interface Owned extends Claimed {
  busy: number
  /** When it was last claimed. */
  at: number
  /** When it last had something to do. */
  fedAt: number
  bucket: Bucket | undefined
}

const isIdle = (owner: Owned | undefined, since: number) => owner?.busy === 0 && owner.fedAt < since
