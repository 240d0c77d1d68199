import type { Kind } from '../src/profile.ts'

/** Faults on purpose, call by call. */

export type Endpoint = 'routes' | 'create' | 'add' | 'finish' | 'invoice'

export type Fault =
  /** The answer comes so late. */
  | { kind: 'delay'; ms: number }
  /** The connection breaks, and nothing was done. */
  | { kind: 'drop-before' }
  /** The call is done, and then the connection breaks. */
  | { kind: 'drop-after' }
  /** Answered instead of anything being done. */
  | { kind: 'status'; status: number; body?: unknown; headers?: Readonly<Record<string, string>> }
  /** The call is done, and answered by this. */
  | { kind: 'answer'; status?: number; body: string }
  /** The id of a new lot comes in another shape. */
  | { kind: 'shape'; shape: 'id' | 'idLot' | 'idLotEmail' | 'text' }

interface Planned {
  endpoint: Endpoint
  fault: Fault
  /** Which call of the endpoint from now on, from 1. */
  call: number
  /** Calls in a row. */
  times: number
  kind: Kind | undefined
}

export function openFaults() {
  const planned: Planned[] = []

  return {
    plan(
      endpoint: Endpoint,
      fault: Fault,
      { call = 1, times = 1, kind }: { call?: number; times?: number; kind?: Kind } = {}
    ) {
      planned.push({ endpoint, fault, call, times, kind })
    },
    clear: () => void planned.splice(0),

    /** The fault of this call, if it has one. */
    next(endpoint: Endpoint, kind: Kind | undefined): Fault | undefined {
      const ours = planned.filter(one => one.endpoint === endpoint && (one.kind === undefined || one.kind === kind))
      const hit = ours.find(({ call }) => call <= 1)
      for (const one of ours) one.call -= 1
      if (!hit) return undefined
      hit.times -= 1
      if (hit.times <= 0) planned.splice(planned.indexOf(hit), 1)
      return hit.fault
    }
  }
}
