/**
 * Who gives what to whom, so that hosts have about as much to do. A registration
 * that always has something to do stays where it is for ever: a host that came
 * up later would have nothing of it.
 */

/** Items a second, as a host last said. */
export interface HostLoad {
  host: string
  perSecond: number
}

export interface HandOffPlan {
  to: string
  registrationIds: number[]
}

/** Less is not worth the moment in which nothing of a registration is taken. Items a second. */
const LEAST_GAP = 100
/** Nor is less than this many times what the other has. */
const LEAST_RATIO = 1.5
/** Of the difference, goes over. A little more than half, since registrations that are alike never differ by nothing. */
const SHARE_OF_GAP = 0.55
/** Handed over together, in one transaction. */
const MOST_REGISTRATIONS = 100

/**
 * What a host should give away. The busiest gives to the one with the least, the
 * next to the next: so all may decide at once, by themselves, and none is given
 * too much.
 */
export function planHandOff(
  host: string,
  loads: readonly HostLoad[],
  rates: ReadonlyMap<number, number>
): HandOffPlan | undefined {
  const order = loads.toSorted((a, b) => b.perSecond - a.perSecond || a.host.localeCompare(b.host))
  const place = order.findIndex(one => one.host === host)
  const [mine, theirs] = [order.at(place), order.at(-1 - place)]
  if (place < 0 || !mine || !theirs) return undefined
  const gap = mine.perSecond - theirs.perSecond
  if (gap < LEAST_GAP || mine.perSecond < LEAST_RATIO * theirs.perSecond) return undefined

  let room = gap * SHARE_OF_GAP
  const registrationIds: number[] = []
  for (const [id, rate] of [...rates].sort(([, a], [, b]) => b - a)) {
    if (rate === 0 || registrationIds.length === MOST_REGISTRATIONS) break
    if (rate > room) continue
    room -= rate
    registrationIds.push(id)
  }
  return registrationIds.length > 0 ? { to: theirs.host, registrationIds } : undefined
}
