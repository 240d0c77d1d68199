import { refill, type TokenBucket } from './token-bucket.ts'

/**
 * Lanes of a registration: bulk items go when normal ones leave room. They never take all of it, so that a normal item
 * finds a place at once; and where normal ones would take all of it, some of them go all the same.
 */

/** Greatest share of an account's rate and places that bulk items take. */
const BULK_SHARE = 0.8
/** Least share of the items begun, while bulk ones wait. */
const LEAST_BULK = 0.05

export interface BulkLane {
  /** Bulk items in hand. */
  busy: number
  bucket: TokenBucket | undefined
  /** Bulk items that are owed for the normal ones that were begun before them. */
  owed: number
}

export const emptyLane = (): BulkLane => ({ busy: 0, bucket: undefined, owed: 0 })

/** The free places of a registration that bulk items may take, and how many of these are kept for them. */
export function bulkWant(
  lane: BulkLane,
  { free, places, perSecond }: { free: number; places: number; perSecond: number | undefined }
): { bulk: number; least: number } {
  lane.bucket = refill(lane.bucket, perSecond === undefined ? undefined : perSecond * BULK_SHARE)
  const room = Math.max(1, Math.floor(places * BULK_SHARE)) - lane.busy
  const bulk = Math.max(0, Math.floor(Math.min(free, room, lane.bucket?.tokens ?? Number.POSITIVE_INFINITY)))
  return { bulk, least: Math.min(bulk, Math.floor(lane.owed)) }
}

/**
 * Counts an item that was begun. A bulk item with a normal one behind it in its conversation goes in the normal lane: it may
 * exceed the rate of the bulk lane, and the bucket is not charged below zero. The debt to the bulk lane is bounded, so that
 * bulk items after a long pause get a tenth of the places at once, and not more.
 */
export function countBegun(lane: BulkLane, isBulk: boolean, places: number): void {
  if (!isBulk) {
    lane.owed = Math.min(lane.owed + LEAST_BULK, 2 * (1 + places * LEAST_BULK))
    return
  }
  lane.busy += 1
  lane.owed = Math.max(0, lane.owed - 1)
  if (lane.bucket) lane.bucket.tokens = Math.max(0, lane.bucket.tokens - 1)
}
