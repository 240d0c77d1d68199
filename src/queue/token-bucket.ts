/** Token bucket of a limit by the second. A registration is claimed by one host, so one bucket is enough. */
export interface TokenBucket {
  tokens: number
  at: number
}

/** Undefined where there is no limit. */
export function refill(bucket: TokenBucket | undefined, perSecond: number | undefined): TokenBucket | undefined {
  if (perSecond === undefined) return undefined
  const now = performance.now()
  const tokens = bucket ? bucket.tokens + ((now - bucket.at) / 1_000) * perSecond : perSecond
  return { tokens: Math.min(tokens, Math.max(1, perSecond)), at: now }
}
