import type { Result } from './run.ts'

/** A result as bars, in SVG. */

const WIDTH = 860
const BAR = 22
const LABEL = 230

interface Bar {
  label: string
  value: number
}

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
      const most = Math.max(...bars.map(({ value }) => value))
      const head = text(16, y, title, 'font-weight="bold"')
      const rows = bars.map((bar, index) => drawBar(bar, y + 12 + index * BAR, most))
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

function drawBar({ label, value }: Bar, y: number, most: number): string {
  const length = Math.round((value / most) * (WIDTH - LABEL - 100))
  return [
    text(LABEL - 8, y + 15, label, 'text-anchor="end"'),
    `<rect x="${LABEL}" y="${y + 3}" width="${length}" height="${BAR - 6}" fill="#3b6ea5"/>`,
    text(LABEL + length + 6, y + 15, value.toLocaleString('en'))
  ].join('\n')
}

const text = (x: number, y: number, words: string, more = '') =>
  `<text x="${x}" y="${y}" ${more}>${words.replace(/[&<]/g, letter => `&#${letter.charCodeAt(0)};`)}</text>`
