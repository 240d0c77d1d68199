import type { TokenBucket, Want } from './fair-share.ts'
import { createHandoff } from './handoff.ts'
import type { ClaimedRegistration, QueueItem, WorkSource } from './work-source.ts'

/** The registrations that this host has for a kind of work: how it comes by them, and how they go. */

export interface Claim extends ClaimedRegistration {
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
  bucket: TokenBucket | undefined
}

/** How long a registration with nothing to do is kept: the next item then costs no job, and no claim. */
const KEEP_MS = 5_000
/** How soon a change of limits is noticed, and that another host has taken a registration over. */
const REFRESH_MS = 10_000

export function createClaims(source: Pick<WorkSource<QueueItem, never>, 'claim' | 'release' | 'handOff' | 'claimed'>) {
  const claims = new Map<number, Claim>()
  /** Registrations that are to be taken on, and what their jobs wait for. */
  const offered = new Map<number, PromiseWithResolvers<void>>()
  const leaving = createHandoff(claims, source.handOff)
  let ratedAt = performance.now()

  /** Resolves when some host has it, or rejects when this one cannot claim it. */
  function offer(registrationId: number): Promise<void> {
    const known = offered.get(registrationId) ?? Promise.withResolvers<void>()
    // Nobody may be waiting for it any more.
    known.promise.catch(() => {})
    offered.set(registrationId, known)
    return known.promise
  }

  function keep(one: ClaimedRegistration): void {
    const fresh = { busy: 0, open: 0, begun: 0, bucket: undefined, fedAt: performance.now() }
    // The same object, since the work in hand counts itself off it.
    const known = claims.get(one.registrationId) ?? fresh
    claims.set(one.registrationId, Object.assign(known, one, { at: performance.now() }))
  }

  return {
    get: (registrationId: number) => claims.get(registrationId),
    isEmpty: () => claims.size === 0 && offered.size === 0,
    /** Those of which items may be taken. */
    staying: () => claims.values().filter(({ registrationId }) => !leaving.has(registrationId)),
    offer,
    hand: leaving.begin,
    finishHandOffs: leaving.end,

    /** Takes on what was offered, and looks again at those that it has. */
    async claim(): Promise<void> {
      const old = performance.now() - REFRESH_MS
      const ids = new Set([...offered.keys(), ...[...claims].filter(([, { at }]) => at < old).map(([id]) => id)])
      if (ids.size === 0) return
      // Whatever is offered from here on, the same ones included, is for the next time.
      const offers = [...offered]
      offered.clear()
      const claimed = await source.claim([...ids]).catch(error => {
        for (const [id, { reject }] of offers) {
          reject(error)
          offer(id)
        }
        throw error
      })
      for (const [, { resolve }] of offers) resolve()
      for (const one of claimed) {
        ids.delete(one.registrationId)
        keep(one)
      }
      // Another host has these.
      for (const id of ids) if (claims.get(id)?.busy === 0) claims.delete(id)
    },

    /** Of those that got nothing in a turn after which nothing is unsettled, who have been idle for long. */
    async releaseIdle(wants: readonly Want[]): Promise<void> {
      const old = performance.now() - KEEP_MS
      const idle = wants.map(want => want.registrationId).filter(id => isIdle(claims.get(id), old))
      if (idle.length === 0) return
      for (const id of await source.release(idle, false)) claims.delete(id)
      for (const id of idle) {
        const kept = claims.get(id)
        // What is due soon is waited for, without asking at each turn.
        if (kept) kept.fedAt = performance.now()
      }
    },

    /** Offers what another host has handed to this one. */
    async adopt(): Promise<void> {
      for (const id of await source.claimed()) if (!claims.has(id)) offer(id).catch(() => {})
    },

    /** How many items of each were begun a second since this was last asked. */
    rates(): Map<number, number> {
      const seconds = (performance.now() - ratedAt) / 1_000
      ratedAt = performance.now()
      const rates = new Map([...claims].map(([id, { begun }]) => [id, begun / seconds]))
      for (const owner of claims.values()) owner.begun = 0
      return rates
    },

    /** Leaves all to other hosts. */
    async releaseAll(): Promise<void> {
      // Only who has a registration can find it another host.
      if (offered.size > 0) await source.claim([...offered.keys()])
      const left = [...new Set([...claims.keys(), ...offered.keys()])]
      if (left.length > 0) await source.release(left, true)
      claims.clear()
      for (const { resolve } of offered.values()) resolve()
    }
  }
}

const isIdle = (owner: Claim | undefined, since: number) => owner?.busy === 0 && owner.fedAt < since
