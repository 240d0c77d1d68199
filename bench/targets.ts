import type { Result } from './run.ts'
import { round } from './spread.ts'

/** What a release has to reach on two cores, as ratios of one run: docs/scaling.md, "What it must reach". */

interface Target {
  name: string
  figure: number
  /** At least, or at most. */
  least?: number
  most?: number
}

export function targetsOf(result: Result): string {
  const rows = [...acceptTargets(result), ...flowTargets(result), ...latencyTargets(result), ...scaleTargets(result)]
  const lines = rows.map(({ name, figure, least, most }) => {
    const reached = figure >= (least ?? -Infinity) && figure <= (most ?? Infinity)
    const wanted = least === undefined ? `at most ${most}` : `at least ${least}`
    return `${reached ? 'reached' : 'MISSED '}  ${name}: ${figure} (${wanted})`
  })
  return `\n${lines.join('\n')}`
}

function acceptTargets({ accept }: Result): Target[] {
  const row = accept?.find(({ connections }) => connections === 64)
  return row
    ? [
        { name: 'accept, of the ceiling at 64 connections', figure: row.ratio, least: 0.7 },
        { name: 'accept, p99 ms at 64 connections', figure: row.latency.p99, most: 60 }
      ]
    : []
}

function flowTargets({ quick, endToEnd = [], floor }: Result): Target[] {
  return endToEnd.flatMap(({ name, perSecond, cpu, memory, grew }) => [
    ...(floor
      ? [
          {
            name: `end to end, % of empty jobs, ${name}`,
            figure: round((perSecond / floor.jobs) * 100, 1),
            least: name.startsWith('20,000') ? 6 : 9
          }
        ]
      : []),
    { name: `host ms a message, ${name}`, figure: cpu.host, most: 0.5 },
    { name: `Postgres ms a message, ${name}`, figure: cpu.postgres, most: 0.5 },
    { name: `host MiB, ${name}`, figure: memory, most: 300 },
    // A host that has just started has yet to grow to its size.
    ...(quick ? [] : [{ name: `host MiB, second half of the first, ${name}`, figure: grew, most: 1.2 }])
  ])
}

const latencyTargets = ({ latency = [] }: Result): Target[] =>
  latency.flatMap(({ hosts, toGateway }) => [
    { name: `post to gateway, p50 ms, hosts: ${hosts}`, figure: toGateway.p50, most: 15 },
    { name: `post to gateway, p99 ms, hosts: ${hosts}`, figure: toGateway.p99, most: 60 }
  ])

function scaleTargets({ scale = [], drain = [] }: Result): Target[] {
  const beside = scale.flatMap(({ name, ratio }) =>
    ratio === undefined ? [] : [{ name: `${name}, of the rate without`, figure: ratio, least: name === TWO ? 1 : 0.8 }]
  )
  const [few, many] = drain
  return few && many
    ? [...beside, { name: '1,000,000 due now, of 100,000', figure: round(many.perSecond / few.perSecond), least: 0.8 }]
    : beside
}

const TWO = 'two hosts'
