import type { EndToEnd } from './flow.ts'
import { round, type Spread } from './measure.ts'
import type { Result } from './run.ts'

/** A result as text: tables and targets. */
export function tablesOf({ floor, accept, endToEnd, latency, incoming, bulk, scale, drain, lists }: Result): string {
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
    bulk &&
      table(
        'Bulk messages of an API client, in batches of 1,000',
        ['items a second', 'batch p50 ms', 'batch p99 ms'],
        [[number(bulk.perSecond), bulk.batch.p50, bulk.batch.p99]]
      ),
    bulk &&
      table(
        `A normal message beside ${number(bulk.waiting)} bulk ones of an account of ${bulk.rate} a second`,
        ['from to', 'p50 ms', 'p95 ms', 'p99 ms'],
        [['post to gateway', ...times(bulk.toGateway)]]
      ),
    scale && flows('Scale', scale, floor?.jobs),
    drain &&
      table(
        'A backlog that is due',
        ['waiting', 'a second', 'host MiB'],
        drain.map(row => [number(row.waiting), number(row.perSecond), row.memory])
      ),
    lists &&
      table(
        'Lists and searches of the API at 1,000,000 messages',
        ['what', 'p50 ms', 'p95 ms', 'p99 ms'],
        lists.map(({ path, took }) => [path, ...times(took)])
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

/** A figure that a release has to reach on two cores, as a ratio of one run: docs/scaling.md, "What it must reach". */
interface Target {
  name: string
  figure: number
  min?: number
  max?: number
}

export function targetsOf(result: Result): string {
  const rows = [
    ...acceptTargets(result),
    ...flowTargets(result),
    ...latencyTargets(result),
    ...bulkTargets(result),
    ...scaleTargets(result),
    ...listTargets(result)
  ]
  const lines = rows.map(({ name, figure, min, max }) => {
    const reached = figure >= (min ?? -Infinity) && figure <= (max ?? Infinity)
    const wanted = min === undefined ? `at most ${max}` : `at least ${min}`
    return `${reached ? 'reached' : 'MISSED '}  ${name}: ${figure} (${wanted})`
  })
  return `\n${lines.join('\n')}`
}

function acceptTargets({ accept }: Result): Target[] {
  const row = accept?.find(({ connections }) => connections === 64)
  return row
    ? [
        { name: 'accept, of the ceiling at 64 connections', figure: row.ratio, min: 0.7 },
        { name: 'accept, p99 ms at 64 connections', figure: row.latency.p99, max: 60 }
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
            min: name.startsWith('20,000') ? 6 : 9
          }
        ]
      : []),
    { name: `host ms a message, ${name}`, figure: cpu.host, max: 0.5 },
    { name: `Postgres ms a message, ${name}`, figure: cpu.postgres, max: 0.5 },
    { name: `host MiB, ${name}`, figure: memory, max: 300 },
    // A host that has just started has yet to grow to its size.
    ...(quick ? [] : [{ name: `host MiB, second half of the first, ${name}`, figure: grew, max: 1.2 }])
  ])
}

const latencyTargets = ({ latency = [] }: Result): Target[] =>
  latency.flatMap(({ hosts, toGateway }) => [
    { name: `post to gateway, p50 ms, hosts: ${hosts}`, figure: toGateway.p50, max: 15 },
    { name: `post to gateway, p99 ms, hosts: ${hosts}`, figure: toGateway.p99, max: 60 }
  ])

const bulkTargets = ({ bulk }: Result): Target[] =>
  bulk
    ? [
        { name: 'items accepted a second, in batches of 1,000', figure: bulk.perSecond, min: 20_000 },
        { name: 'post to gateway beside bulk messages, p95 ms', figure: bulk.toGateway.p95, max: 1_000 }
      ]
    : []

const listTargets = ({ lists }: Result): Target[] =>
  lists
    ? [
        {
          name: 'slowest list at 1,000,000 messages, p95 ms',
          figure: Math.max(...lists.map(({ took }) => took.p95)),
          max: 200
        }
      ]
    : []

function scaleTargets({ scale = [], drain = [] }: Result): Target[] {
  const beside = scale.flatMap(({ name, ratio }) =>
    ratio === undefined ? [] : [{ name: `${name}, of the rate without`, figure: ratio, min: name === TWO ? 1 : 0.8 }]
  )
  const [few, many] = drain
  return few && many
    ? [...beside, { name: '1,000,000 due now, of 100,000', figure: round(many.perSecond / few.perSecond), min: 0.8 }]
    : beside
}

const TWO = 'two hosts'

const WIDTH = 860
const BAR = 22
const LABEL = 230

interface Bar {
  label: string
  value: number
}

/** A result as bars, in SVG. */
export function chartOf({
  machine,
  floor,
  accept = [],
  endToEnd = [],
  scale = [],
  incoming,
  drain = []
}: Result): string {
  const groups: [string, Bar[]][] = [
    [
      'Accepted a second, by connections',
      accept.flatMap(row => [
        { label: `${row.connections}`, value: row.perSecond },
        { label: `${row.connections}, without database`, value: row.ceiling }
      ])
    ],
    [
      'End to end, messages a second',
      [
        ...[...endToEnd, ...scale].map(({ name, perSecond }) => ({ label: name, value: perSecond })),
        ...drain.map(row => ({ label: `${row.waiting.toLocaleString('en')} waiting, due`, value: row.perSecond })),
        ...(incoming ? [{ label: 'incoming', value: incoming.perSecond }] : [])
      ]
    ],
    [
      'The machine, a second',
      floor
        ? [
            { label: 'empty jobs', value: floor.jobs },
            { label: 'inserted rows', value: floor.inserts }
          ]
        : []
    ]
  ]
  let y = 40
  const drawn = groups
    .filter(([, bars]) => bars.length > 0)
    .map(([title, bars]) => {
      const longest = Math.max(...bars.map(({ value }) => value))
      const head = text(16, y, title, 'font-weight="bold"')
      const rows = bars.map((bar, index) => drawBar(bar, y + 12 + index * BAR, longest))
      y += 12 + bars.length * BAR + 36
      return [head, ...rows].join('\n')
    })
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${y}" font-family="sans-serif" font-size="13">
<rect width="100%" height="100%" fill="white"/>
${text(16, 20, `${machine.cores} cores, ${machine.model}, Node ${machine.node}`, 'fill="#666"')}
${drawn.join('\n')}
</svg>
`
}

function drawBar({ label, value }: Bar, y: number, longest: number): string {
  const length = Math.round((value / longest) * (WIDTH - LABEL - 100))
  return [
    text(LABEL - 8, y + 15, label, 'text-anchor="end"'),
    `<rect x="${LABEL}" y="${y + 3}" width="${length}" height="${BAR - 6}" fill="#3b6ea5"/>`,
    text(LABEL + length + 6, y + 15, value.toLocaleString('en'))
  ].join('\n')
}

const text = (x: number, y: number, words: string, more = '') =>
  `<text x="${x}" y="${y}" ${more}>${words.replace(/[&<]/g, letter => `&#${letter.charCodeAt(0)};`)}</text>`
