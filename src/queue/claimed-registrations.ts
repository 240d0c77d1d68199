import type { Want } from './fair-share.ts'
import { createHandoff } from './handoff.ts'
import { type BulkLane, emptyLane } from './lanes.ts'
import type { TokenBucket } from './token-bucket.ts'
import type { ClaimedRegistration, QueueItem, WorkSource } from './work-source.ts'

/** The registrations that this host has claimed for a kind of work: offered, claimed, handed off, released. */

export interface Claim extends ClaimedRegistration {
  /** Items in hand. */
  busy: number
  /** Items in hand, and ended items that are still to be settled. */
  open: number
  /** Items since the rate was last asked for. */
  begun: number
  /** When it was last claimed. */
  at: number
  /** When it last had something to do. */
  fedAt: number
  bucket: TokenBucket | undefined
  lane: BulkLane
}

/** An idle claim is kept for so long: the next item then costs no job, and no claim. */
const KEEP_IDLE_MS = 5_000
/** Claims are read again after so long: limits may have changed, or another host may have claimed the registration. */
const REFRESH_AFTER_MS = 10_000

export function createClaims(source: Pick<WorkSource<QueueItem, never>, 'claim' | 'release' | 'handOff' | 'claimed'>) {
  const claims = new Map<number, Claim>()
  /** Registrations to be claimed in the next turn, with the promises that their jobs wait for. */
  const offered = new Map<number, PromiseWithResolvers<void>>()
  const leaving = createHandoff(claims, source.handOff)
  let ratedAt = performance.now()

  /** Resolves when some host has claimed the registration; rejects when this one cannot. */
  function offer(registrationId: number): Promise<void> {
    const waiting = offered.get(registrationId) ?? Promise.withResolvers<void>()
    // A rejection without a waiting job is no unhandled one.
    waiting.promise.catch(() => {})
    offered.set(registrationId, waiting)
    return waiting.promise
  }

  function keep(claimed: ClaimedRegistration): void {
    const fresh = { busy: 0, open: 0, begun: 0, bucket: undefined, lane: emptyLane(), fedAt: performance.now() }
    // An earlier claim stays the same object, since the items in hand count themselves off it.
    const claim = claims.get(claimed.registrationId) ?? fresh
    claims.set(claimed.registrationId, Object.assign(claim, claimed, { at: performance.now() }))
  }

  return {
    get: (registrationId: number) => claims.get(registrationId),
    isEmpty: () => claims.size === 0 && offered.size === 0,
    /** Claims whose items may be taken: those that are not being handed off. */
    staying: () => claims.values().filter(({ registrationId }) => !leaving.has(registrationId)),
    offer,
    handOff: leaving.begin,
    finishHandOffs: leaving.end,

    /** Claims the offered registrations, and reads older claims again. */
    async claim(): Promise<void> {
      const old = performance.now() - REFRESH_AFTER_MS
      const ids = new Set([...offered.keys(), ...[...claims].filter(([, { at }]) => at < old).map(([id]) => id)])
      if (ids.size === 0) return
      // Offers from here on, of the same registrations as well, are for the next turn.
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
      for (const registration of claimed) {
        ids.delete(registration.registrationId)
        keep(registration)
      }
      // The remaining ones are claimed by another host.
      for (const id of ids) if (claims.get(id)?.busy === 0) claims.delete(id)
    },

    /** Releases claims that received no item for KEEP_IDLE_MS. Call only when nothing waits to be settled. */
    async releaseIdle(wants: readonly Want[]): Promise<void> {
      const old = performance.now() - KEEP_IDLE_MS
      const idle = wants.map(want => want.registrationId).filter(id => isIdle(claims.get(id), old))
      if (idle.length === 0) return
      for (const id of await source.release(idle, false)) claims.delete(id)
      for (const id of idle) {
        const kept = claims.get(id)
        // The claim has an item that is due soon: not asked about again before KEEP_IDLE_MS.
        if (kept) kept.fedAt = performance.now()
      }
    },

    /** Offers the registrations that other hosts have handed off to this one. */
    async adopt(): Promise<void> {
      for (const id of await source.claimed()) if (!claims.has(id)) offer(id).catch(() => {})
    },

    /** Items a second that each claim has begun since the last call. */
    rates(): Map<number, number> {
      const seconds = (performance.now() - ratedAt) / 1_000
      ratedAt = performance.now()
      const rates = new Map([...claims].map(([id, { begun }]) => [id, begun / seconds]))
      for (const claim of claims.values()) claim.begun = 0
      return rates
    },

    /** Releases all claims, so that other hosts go on. */
    async releaseAll(): Promise<void> {
      // Only the host that has claimed a registration can add the job that finds it another one.
      if (offered.size > 0) await source.claim([...offered.keys()])
      const left = [...new Set([...claims.keys(), ...offered.keys()])]
      if (left.length > 0) await source.release(left, true)
      claims.clear()
      for (const { resolve } of offered.values()) resolve()
    }
  }
}

const isIdle = (claim: Claim | undefined, since: number) => claim?.busy === 0 && claim.fedAt < since
