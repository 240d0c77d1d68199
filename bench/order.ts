/** When messages came by, by their numbers. */
export interface Times {
  posted: ReadonlyMap<number, number>
  /** When their 202 had come. */
  accepted: ReadonlyMap<number, number>
  arrived: ReadonlyMap<number, number>
}

/** Messages that reached the gateway before one of their conversation that had been accepted before they were posted. */
export function outOfOrder({ posted, accepted, arrived }: Times, conversations: number): number {
  const numbers = [...posted.keys()].toSorted((a, b) => (posted.get(a) ?? 0) - (posted.get(b) ?? 0))
  let wrong = 0
  for (const members of Map.groupBy(numbers, number => number % conversations).values()) {
    const byAccepted = members.toSorted((a, b) => (accepted.get(a) ?? 0) - (accepted.get(b) ?? 0))
    let next = 0
    let latest = 0
    for (const number of members) {
      for (; isBefore(accepted.get(byAccepted[next] ?? -1), posted.get(number)); next++)
        latest = Math.max(latest, arrived.get(byAccepted[next] ?? -1) ?? 0)
      if ((arrived.get(number) ?? 0) < latest) wrong += 1
    }
  }
  return wrong
}

const isBefore = (one: number | undefined, other: number | undefined) =>
  one !== undefined && other !== undefined && one < other
