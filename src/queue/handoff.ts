/**
 * Registrations on their way to another host. Nothing more of them is taken, and
 * once all that was is settled they go: whoever has one takes what it finds
 * marked as being sent for interrupted.
 */

/** A call that takes longer keeps its registration here: the others of it are not to wait for that. */
const HAND_OFF_GIVE_UP_MS = 5_000

export function createHandoff(
  owned: Map<number, { open: number }>,
  hand: (registrationIds: readonly number[], to: string) => Promise<readonly number[]>
) {
  const leaving = new Map<number, { to: string; until: number }>()

  return {
    has: (registrationId: number) => leaving.has(registrationId),

    begin(registrationIds: readonly number[], to: string): void {
      const until = performance.now() + HAND_OFF_GIVE_UP_MS
      for (const id of registrationIds) if (owned.has(id)) leaving.set(id, { to, until })
    },

    /** Hands over those that are ready. Within a turn, so that nothing is taken meanwhile. */
    async end(): Promise<void> {
      const ready = [...leaving].filter(([id]) => (owned.get(id)?.open ?? 0) === 0)
      for (const [to, those] of Map.groupBy(ready, ([, { to }]) => to)) {
        const ids = those.map(([id]) => id)
        const kept = await hand(ids, to)
        for (const id of ids) {
          leaving.delete(id)
          if (!kept.includes(id)) owned.delete(id)
        }
      }
      for (const [id, { until }] of leaving) if (performance.now() > until) leaving.delete(id)
    }
  }
}
