import type { EndToEnd } from './flow.ts'
import type { Result } from './run.ts'
import { round, type Spread } from './spread.ts'

/** A result for a person to read. */
export function tablesOf({ floor, accept, endToEnd, latency, incoming, scale, drain }: Result): string {
  const parts = [
    floor &&
      table(
        'The machine',
        ['what', 'figure'],
        [
          ['empty jobs drained by a bare graphile-worker, a second', number(floor.jobs)],
          ['rows inserted in batches of 500, a second', number(floor.inserts)],
          ['one RS512 verification, µs', floor.verifyUs]
        ]
      ),
    accept &&
      table(
        'Accept: POST /special/send, stored before it is answered',
        ['connections', 'a second', 'without database', 'ratio', 'p50 ms', 'p99 ms'],
        accept.map(row => [
          row.connections,
          number(row.perSecond),
          number(row.ceiling),
          row.ratio,
          row.latency.p50,
          row.latency.p99
        ])
      ),
    endToEnd && flows('End to end: accepted, sent, CRM told', endToEnd, floor?.jobs),
    latency &&
      table(
        `One message, at ${latency[0]?.perSecond} a second`,
        ['from to', 'hosts', 'p50 ms', 'p95 ms', 'p99 ms'],
        latency.flatMap(({ hosts, toGateway, toCrm }) => [
          ['post to gateway', hosts, ...times(toGateway)],
          ['gateway to CRM', hosts, ...times(toCrm)]
        ])
      ),
    incoming && table('Incoming: webhook to CRM', ['a second'], [[number(incoming.perSecond)]]),
    scale && flows('Scale', scale, floor?.jobs),
    drain &&
      table(
        'A backlog that is due',
        ['waiting', 'a second', 'host MiB'],
        drain.map(row => [number(row.waiting), number(row.perSecond), row.memory])
      )
  ]
  return parts.filter(Boolean).join('\n\n')
}

const times = ({ p50, p95, p99 }: Spread) => [p50, p95, p99]

const flows = (title: string, rows: readonly EndToEnd[], jobs?: number) =>
  table(
    title,
    [
      'scene',
      'a second',
      'of jobs',
      'of plain',
      'host ms',
      'Postgres ms',
      'around ms',
      'queue p50',
      'p95',
      'p99',
      'host MiB',
      'grew',
      'out of order',
      'twice'
    ],
    rows.map(({ name, perSecond, ratio = '', cpu, queue, memory, grew, outOfOrder, twice }) => [
      name,
      number(perSecond),
      jobs ? `${round((perSecond / jobs) * 100, 1)} %` : '',
      ratio,
      cpu.host,
      cpu.postgres,
      cpu.around,
      ...times(queue),
      memory,
      grew,
      outOfOrder,
      twice
    ])
  )

const number = (value: number) => value.toLocaleString('en')

function table(title: string, head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const all = [head, ...rows].map(row => row.map(String))
  const widths = head.map((_, column) => Math.max(...all.map(row => row[column]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(' | ')} |`
  const rule = `| ${widths.map(width => '-'.repeat(width)).join(' | ')} |`
  return [title, '', line(all[0] ?? []), rule, ...all.slice(1).map(line)].join('\n')
}
