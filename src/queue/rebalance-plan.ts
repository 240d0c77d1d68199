/**
 * Who gives what to whom, so that hosts have about as much to do. A registration
 * that always has something to do stays where it is for ever: a host that came
 * up later would have nothing of it.
 */

/** Items a second, as a host last said. */
export interface Load {
  host: string
  perSecond: number
}

export interface Handing {
  to: string
  registrationIds: number[]
}

/** Less is not worth the moment in which nothing of a registration is taken. Items a second. */
const LEAST = 100
/** Nor is less than this many times what the other has. */
const TIMES = 1.5
/** Of the difference, goes over. A little more than half, since registrations that are alike never differ by nothing. */
const PART = 0.55
/** Handed over together, in one transaction. */
const MOST = 100

/**
 * What a host should give away. The busiest gives to the one with the least, the
 * next to the next: so all may decide at once, by themselves, and none is given
 * too much.
 */
export function handing(host: string, loads: readonly Load[], rates: ReadonlyMap<number, number>): Handing | undefined {
  const order = loads.toSorted((a, b) => b.perSecond - a.perSecond || a.host.localeCompare(b.host))
  const place = order.findIndex(one => one.host === host)
  const [mine, theirs] = [order.at(place), order.at(-1 - place)]
  if (place < 0 || !mine || !theirs) return undefined
  const gap = mine.perSecond - theirs.perSecond
  if (gap < LEAST || mine.perSecond < TIMES * theirs.perSecond) return undefined

  let room = gap * PART
  const registrationIds: number[] = []
  for (const [id, rate] of [...rates].sort(([, a], [, b]) => b - a)) {
    if (rate === 0 || registrationIds.length === MOST) break
    if (rate > room) continue
    room -= rate
    registrationIds.push(id)
  }
  return registrationIds.length > 0 ? { to: theirs.host, registrationIds } : undefined
}
