import type { Cost } from 'channel-kit/event'

/** Values of labels, which come from closed lists or are bounded: whoever watches pays for each series for ever. */

export const OTHER = 'other'

/** Words of one kind that a gateway may name before the rest is `other`. */
const MAX_WORDS = 30

/**
 * Channels by registration. A registration never changes its channel, so each is looked up once; the count that has to wait for
 * that is late by a moment.
 */
export function channelsOf(
  mounted: readonly string[],
  look: (registrationId: number) => Promise<{ channel: string } | undefined>
) {
  const known = new Map<number, string>()
  const names = new Set(mounted)
  const bounded = (channel: string) => (names.has(channel) ? channel : OTHER)

  const find = async (registrationId: number): Promise<string> => {
    const found = await look(registrationId).catch(() => undefined)
    if (!found) return OTHER
    known.set(registrationId, bounded(found.channel))
    return bounded(found.channel)
  }

  return {
    bounded,
    /** Hands the channel of a registration on, at once where it is known. */
    with(registrationId: number, use: (channel: string) => void): void {
      const channel = known.get(registrationId)
      if (channel === undefined) void find(registrationId).then(use)
      else use(channel)
    }
  }
}

/** Words of gateways, the first ones of each channel as they are. One channel's words cost another none. */
export function createWords() {
  const seen = new Map<string, Set<string>>()
  return (kind: string, word: string): string => {
    const known = seen.get(kind) ?? new Set<string>()
    seen.set(kind, known)
    const own = word.trim().slice(0, 40)
    if (known.has(own)) return own
    if (known.size >= MAX_WORDS || !/^[\w .:/-]+$/.test(own)) return OTHER
    known.add(own)
    return own
  }
}

/**
 * An amount as a counter takes it. A gateway that tells no amount is counted in its units, which are no currency. Of a price
 * that it told before only what it has grown by counts.
 */
export function amountOf(
  { amount, currency, count = 1 }: Cost,
  before: Cost | null
): { added: number; currency: string } {
  const isMoney = amount !== undefined
  const told = isMoney ? (before?.amount ?? 0) : (before?.count ?? (before ? 1 : 0))
  const added = (isMoney ? amount : count) - told
  return {
    added: Number.isFinite(added) ? Math.max(0, added) : 0,
    currency: isMoney ? currencyOf(currency) : 'none'
  }
}

const currencyOf = (currency: string | undefined) =>
  currency !== undefined && /^[A-Za-z]{3}$/.test(currency) ? currency.toUpperCase() : OTHER
