/**
 * Plan of the hand-offs that even out the load of hosts. Without them a registration that always has items stays at its
 * host for ever, and a host that came up later has nothing to do.
 */

/** Items a second, as the host last saved them. */
export interface HostLoad {
  host: string
  perSecond: number
}

export interface HandOffPlan {
  to: string
  registrationIds: number[]
}

/** Minimum gap in items a second: a hand-off stops the registration for a moment. */
const LEAST_GAP = 100
/** Minimum ratio of the two loads, for the same reason. */
const LEAST_RATIO = 1.5
/** Part of the gap that is handed off. A little more than half, since loads of like registrations are never exactly equal. */
const SHARE_OF_GAP = 0.55
/** Registrations of one hand-off at most, since it is one transaction. */
const MAX_REGISTRATIONS = 100

/**
 * The hand-off that a host should make. The busiest host hands off to the least busy one, the next to the next: so all
 * hosts decide at the same time by themselves, and no host is given too much.
 */
export function planHandOff(
  host: string,
  loads: readonly HostLoad[],
  rates: ReadonlyMap<number, number>
): HandOffPlan | undefined {
  const order = loads.toSorted((a, b) => b.perSecond - a.perSecond || a.host.localeCompare(b.host))
  const place = order.findIndex(load => load.host === host)
  const [mine, theirs] = [order.at(place), order.at(-1 - place)]
  if (place < 0 || !mine || !theirs) return undefined
  const gap = mine.perSecond - theirs.perSecond
  if (gap < LEAST_GAP || mine.perSecond < LEAST_RATIO * theirs.perSecond) return undefined

  let room = gap * SHARE_OF_GAP
  const registrationIds: number[] = []
  for (const [id, rate] of [...rates].sort(([, a], [, b]) => b - a)) {
    if (rate === 0 || registrationIds.length === MAX_REGISTRATIONS) break
    if (rate > room) continue
    room -= rate
    registrationIds.push(id)
  }
  return registrationIds.length > 0 ? { to: theirs.host, registrationIds } : undefined
}
