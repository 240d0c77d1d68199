import type { FastifyReply } from 'fastify'
import { TooMany } from './errors.ts'

/** How much a registration may ask of a host: a bucket each, which fills at a rate and holds ten seconds of it. */

const HOLDS_S = 10
/** Buckets kept at the same time. One that is forgotten is full again, which is what it would be after ten seconds. */
const MOST_BUCKETS = 10_000

interface Deps {
  /** In the long run; 0: no limit. */
  perSecond: number
  now: () => Date
}

export type RequestQuota = ReturnType<typeof requestQuota>

export function requestQuota({ perSecond, now }: Deps) {
  const buckets = new Map<number, { left: number; at: number }>()
  const most = perSecond * HOLDS_S

  /** Throws `TooMany`, with when to come again, where the bucket is empty. What is larger than a bucket empties it. */
  return (registrationId: number, amount: number, reply: FastifyReply): void => {
    if (perSecond === 0) return
    const at = now().getTime()
    const known = buckets.get(registrationId)
    const left = known ? Math.min(most, known.left + (Math.max(0, at - known.at) / 1_000) * perSecond) : most
    const taken = Math.min(amount, most)
    // Taken out and put in again, so that the first one is the one that was not used for longest.
    buckets.delete(registrationId)
    if (buckets.size >= MOST_BUCKETS) buckets.delete(buckets.keys().next().value as number)
    buckets.set(registrationId, { left: left < taken ? left : left - taken, at })
    if (left >= taken) return
    reply.header('retry-after', Math.ceil((taken - left) / perSecond))
    throw new TooMany()
  }
}
