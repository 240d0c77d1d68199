import type { Dice } from './dice.ts'

/** How the other sides misbehave, and how often: weights of a hundred or so. */

const GATEWAY = {
  well: 79,
  slow: 6,
  throttles: 2,
  busy: 4,
  rejects: 1,
  /** Has processed it and says that it has not. */
  lies: 1,
  'fails before': 1,
  'fails after': 1,
  'resets before': 1.5,
  'resets after': 1.5,
  'hangs before': 1,
  'hangs after': 1
} as const
export type GatewayConduct = keyof typeof GATEWAY

const CRM = {
  well: 91,
  slow: 4,
  'another 2xx': 1.5,
  'fails before': 1,
  'fails after': 0.5,
  'resets before': 0.7,
  'resets after': 0.7,
  'hangs before': 0.3,
  'hangs after': 0.3
} as const
export type CrmConduct = keyof typeof CRM

/** How a gateway reports, a well-behaved one not being among them. */
const REPORTING = { plain: 70, early: 8, reversed: 8, twice: 7, late: 7 } as const
export type Reporting = keyof typeof REPORTING

/** Faults that are decided call by call, until they are called off; each is counted. */
export function createConduct(dice: Dice) {
  const counts = new Map<string, number>()
  let on = true

  const count = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1)

  const choose =
    <Kind extends string>(side: string, weights: Readonly<Record<Kind, number>>, usual: NoInfer<Kind>) =>
    (what: string): Kind => {
      const kind = on ? dice.pick(weights, `${side} ${what}`) : usual
      if (kind !== usual) count(`${side} ${kind}`)
      return kind
    }

  return {
    gateway: choose('gateway', GATEWAY, 'well'),
    crm: choose('crm', CRM, 'well'),
    reporting: choose('reports', REPORTING, 'plain'),
    count,
    counts: () => [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)),
    isOn: () => on,
    /** From now on everybody behaves. */
    callOff: () => {
      on = false
    }
  }
}

export type Conduct = ReturnType<typeof createConduct>
