import { setTimeout as delay } from 'node:timers/promises'
import type { Dice } from './dice.ts'
import type { Hosts } from './hosts.ts'
import type { End, Journal } from './journal.ts'
import type { Postgres } from './postgres.ts'
import type { Relay } from './relay.ts'

/** Ends of processes, and silences of the database, in a round, at times of the seed's choosing. */

export interface Fault {
  kind: 'kill' | 'stop' | 'crash' | 'silence'
  atMs: number
  /** Which host. */
  index: number
  downMs: number
  how: 'SIGQUIT' | 'SIGKILL'
}

/** How likely each is in a round. In the first round all happen, so that no run is without them. */
const CHANCES = { kill: 0.7, 'kill again': 0.4, stop: 0.3, crash: 0.6, silence: 0.5 } as const

export function faultsOf(dice: Dice, round: number, hosts: number, roundMs: number): Fault[] {
  const kinds = Object.entries(CHANCES).flatMap(([name, chance]) =>
    round === 1 || dice.chance(chance, `fault ${round} ${name}`) ? [name] : []
  )
  return kinds
    .map((name): Fault => {
      const what = `fault ${round} ${name}`
      return {
        kind: name.split(' ')[0] as Fault['kind'],
        atMs: dice.between(0, Math.round(roundMs * 0.9), `${what} when`),
        index: dice.between(0, hosts - 1, `${what} whom`),
        downMs: downMs(name, what),
        how: dice.chance(0.5, `${what} how`) ? 'SIGQUIT' : 'SIGKILL'
      }
    })
    .toSorted((a, b) => a.atMs - b.atMs)

  /** The database is sometimes away for longer than hosts may be silent, or silent for longer than they wait. */
  function downMs(name: string, what: string): number {
    if (name === 'silence') {
      const isLong = round > 1 && dice.chance(0.3, `${what} long`)
      return isLong ? dice.between(9_000, 14_000, `${what} how long`) : dice.between(500, 3_000, `${what} how long`)
    }
    if (name !== 'crash') return dice.between(100, 5_000, `${what} how long`)
    const isLong = round > 1 && dice.chance(0.15, `${what} long`)
    return isLong ? dice.between(16_000, 22_000, `${what} how long`) : dice.between(100, 3_000, `${what} how long`)
  }
}

interface Parts {
  hosts: Hosts
  postgres: Postgres
  /** The hosts' way to it. */
  relay: Relay
  journal: Journal
}

/** Resolves when all have happened and everything is up again. */
export async function inflict(faults: readonly Fault[], { hosts, postgres, relay, journal }: Parts): Promise<void> {
  let crashing = Promise.resolve()

  const crash = async ({ how, downMs }: Fault) => {
    const end: End = { what: 'postgres', how: 'killed', at: journal.now() }
    journal.ends.push(end)
    await postgres.crash(how, downMs)
    end.untilAt = journal.now()
  }

  const silence = async ({ downMs }: Fault) => {
    const end: End = { what: 'postgres', how: 'silent', at: journal.now() }
    journal.ends.push(end)
    relay.swallow()
    await delay(downMs)
    relay.heal()
    end.untilAt = journal.now()
  }

  await Promise.all(
    faults.map(async fault => {
      await delay(fault.atMs)
      if (fault.kind === 'silence') return silence(fault)
      if (fault.kind !== 'crash')
        return hosts.end(fault.index, fault.kind === 'kill' ? 'killed' : 'stopped', fault.downMs)
      crashing = crashing.then(() => crash(fault))
      return crashing
    })
  )
}
