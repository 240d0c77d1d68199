/**
 * Registrations on their way to another host. No more items of them are taken, and they are handed off only when
 * nothing is in flight: the new host treats any message in state `sending` as interrupted.
 */

/** A call that takes longer ends the hand-off: the registration's other items are not to wait for it. */
const HAND_OFF_GIVE_UP_MS = 5_000

export function createHandoff(
  claims: Map<number, { open: number }>,
  handOff: (registrationIds: readonly number[], to: string) => Promise<readonly number[]>
) {
  const leaving = new Map<number, { to: string; until: number }>()

  return {
    has: (registrationId: number) => leaving.has(registrationId),

    begin(registrationIds: readonly number[], to: string): void {
      const until = performance.now() + HAND_OFF_GIVE_UP_MS
      for (const id of registrationIds) if (claims.has(id)) leaving.set(id, { to, until })
    },

    /** Hands off the registrations that have nothing in flight. Within a turn, so that nothing is taken meanwhile. */
    async end(): Promise<void> {
      const ready = [...leaving].filter(([id]) => (claims.get(id)?.open ?? 0) === 0)
      for (const [to, registrations] of Map.groupBy(ready, ([, { to }]) => to)) {
        const ids = registrations.map(([id]) => id)
        const kept = await handOff(ids, to)
        for (const id of ids) {
          leaving.delete(id)
          if (!kept.includes(id)) claims.delete(id)
        }
      }
      for (const [id, { until }] of leaving) if (performance.now() > until) leaving.delete(id)
    }
  }
}
