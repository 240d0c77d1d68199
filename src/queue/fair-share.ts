import { type BulkLane, bulkWant } from './lanes.ts'
import { refill, type TokenBucket } from './token-bucket.ts'

/** Fair share: how many items each registration may have in hand, by its own limits and beside the others. */

/** Items a second, and in hand at the same time. */
export interface OwnLimits {
  perSecond?: number
  inFlight?: number
}

export interface Want {
  registrationId: number
  /** How many more items it may have in hand. */
  free: number
  /** How many of these may be bulk ones, and how many are kept for bulk ones if as many wait. */
  bulk: number
  least: number
}

export interface Sharer {
  registrationId: number
  limits?: OwnLimits
  busy: number
  bucket: TokenBucket | undefined
  lane: BulkLane
}

/** How many more items a registration's own limits let it have now. */
function allowance(member: Sharer): number {
  member.bucket = refill(member.bucket, member.limits?.perSecond)
  return Math.max(
    0,
    Math.floor(
      Math.min(
        member.bucket?.tokens ?? Number.POSITIVE_INFINITY,
        (member.limits?.inFlight ?? Number.POSITIVE_INFINITY) - member.busy
      )
    )
  )
}

/** Deals `room` of a group's `share` out one by one, to those with the least in hand first. */
export function fairShare(members: readonly Sharer[], room: number, share: number): Want[] {
  const order = members.toSorted((a, b) => a.busy - b.busy)
  const each = Math.floor(room / order.length)
  const extra = room % order.length
  return order
    .map((member, index) => {
      const free = Math.min(each + (index < extra ? 1 : 0), allowance(member))
      return { registrationId: member.registrationId, free, ...lanes(member, free, share) }
    })
    .filter(({ free }) => free > 0)
}

const lanes = ({ lane, limits }: Sharer, free: number, share: number) =>
  bulkWant(lane, { free, places: Math.min(share, limits?.inFlight ?? share), perSecond: limits?.perSecond })
