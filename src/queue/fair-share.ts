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
}

export interface Sharer {
  registrationId: number
  limits?: OwnLimits
  busy: number
  bucket: TokenBucket | undefined
}

/** Token bucket of a limit by the second. A registration is claimed by one host, so one bucket is enough. */
export interface TokenBucket {
  tokens: number
  at: number
}

function refill(bucket: TokenBucket | undefined, limits: OwnLimits | undefined): TokenBucket | undefined {
  const perSecond = limits?.perSecond
  if (perSecond === undefined) return undefined
  const now = performance.now()
  const tokens = bucket ? bucket.tokens + ((now - bucket.at) / 1_000) * perSecond : perSecond
  return { tokens: Math.min(tokens, Math.max(1, perSecond)), at: now }
}

/** How many more items a registration's own limits let it have now. */
function allowance(member: Sharer): number {
  member.bucket = refill(member.bucket, member.limits)
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

/** Deals `room` out one by one, to those with the least in hand first. */
export function fairShare(members: readonly Sharer[], room: number): Want[] {
  const order = members.toSorted((a, b) => a.busy - b.busy)
  const each = Math.floor(room / order.length)
  const extra = room % order.length
  return order
    .map((member, index) => ({
      registrationId: member.registrationId,
      free: Math.min(each + (index < extra ? 1 : 0), allowance(member))
    }))
    .filter(({ free }) => free > 0)
}
