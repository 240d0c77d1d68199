import type { FastifyReply } from 'fastify'
import { TooMany } from './errors.ts'

/** Request quota of a registration in one host: a token bucket that fills at a rate and holds ten seconds of it. */

const BUCKET_S = 10
/** Buckets kept at the same time. A forgotten bucket is full again, as it would be after ten seconds anyway. */
const MAX_BUCKETS = 10_000

interface Deps {
  /** The rate at which a bucket fills; 0: no limit. */
  perSecond: number
  now: () => Date
}

export type RequestQuota = ReturnType<typeof requestQuota>

export function requestQuota({ perSecond, now }: Deps) {
  const buckets = new Map<number, { left: number; at: number }>()
  const most = perSecond * BUCKET_S

  /** Throws `TooMany`, with `retry-after`, where the bucket is empty. An amount larger than a bucket empties it. */
  return (registrationId: number, amount: number, reply: FastifyReply): void => {
    if (perSecond === 0) return
    const at = now().getTime()
    const bucket = buckets.get(registrationId)
    const left = bucket ? Math.min(most, bucket.left + (Math.max(0, at - bucket.at) / 1_000) * perSecond) : most
    const taken = Math.min(amount, most)
    // Deleted and set again, so that the map's first bucket is the least recently used one.
    buckets.delete(registrationId)
    if (buckets.size >= MAX_BUCKETS) buckets.delete(buckets.keys().next().value as number)
    buckets.set(registrationId, { left: left < taken ? left : left - taken, at })
    if (left >= taken) return
    reply.header('retry-after', Math.ceil((taken - left) / perSecond))
    throw new TooMany()
  }
}
