import t from 'tap'
import { renderWithin, templateProblem } from '../../plugins/channel-kit/src/templates.ts'
import { cpuOf, repeated } from './cpu.ts'

const LONG = 'a'.repeat(60_000)
const parameters = {
  a: LONG,
  same: `${LONG}`,
  b: 'b',
  c: `b${'a'.repeat(30_000)}`,
  at: '2025-09-01T15:30:45+02:00',
  signs: '&<'.repeat(30_000),
  words: 'a '.repeat(30_000),
  format: '%99999999d'
}

const captures = (times: number) => `{% capture s %}${'{{ s }}'.repeat(10)}{% endcapture %}`.repeat(times)

/** Templates that would take seconds, or all memory, if nothing bounded them. */
const HOSTILE = {
  'a capture that doubles': `{% assign s = "aaaaaaaaaa" %}${captures(12)}{% if s == "b" %}{% endif %}`,
  'an assignment that doubles': `{% assign s = a %}${'{% assign s = s | append: s %}'.repeat(400)}{{ s }}`,
  loops: '{% for i in (1..9000) %}{% for j in (1..9000) %}{% endfor %}{% endfor %}',
  'a long range': '{% assign r = (1..100000000) %}{{ r }}',
  'a long text in many places': '{{ a }}'.repeat(500),
  'a raw one': '{{ signs | raw }}'.repeat(500),
  'a text for each letter': '{{ a | split: "" | join: a }}',
  'a replacement for each letter': '{{ a | replace: "a", a }}',
  searches: '{% if a contains c %}{% endif %}'.repeat(240),
  removals: '{{ a | remove: c }}'.repeat(400),
  comparisons: `{% if ${'a != same or '.repeat(1_000)} b %}{% endif %}`,
  cases: `{% case a %}${'{% when same, same, same %}'.repeat(450)}{% endcase %}`,
  'a date of great width': '{{ at | date: format }}',
  dates: `{{ at ${'| date: "%c"'.repeat(1_000)} }}`,
  escapes: `{{ signs ${'| escape'.repeat(1_500)} }}`,
  words: `{{ words ${'| truncatewords: 100000'.repeat(600)} }}`,
  'trimmed signs': `{{ a ${'| strip: a'.repeat(1_000)} }}`,
  nesting: '{% if a %}'.repeat(250) + '{% endif %}'.repeat(250),
  ...Object.fromEntries(
    ['{{ "', '{% ', '{{-', '{', '{{a}}', '{{(', '{{ a[', '{% if a %}', '{{ a | ', '\n', '{{ a.'].map(text => [
      `${JSON.stringify(text)} again and again`,
      repeated(text, 65_536)
    ])
  )
}

const MOST_MS = 300

// Much is tried, and on a slow core.
t.setTimeout(600_000)

t.test('no template takes long or much, whatever it says', async t => {
  const before = process.memoryUsage().heapUsed
  for (const [name, template] of Object.entries(HOSTILE))
    for (const escaping of ['none', 'html'] as const) {
      const ms = cpuOf(() => [renderWithin('whole', template, parameters, escaping, 'UTC'), templateProblem(template)])
      t.ok(ms < MOST_MS, `${name}, ${escaping}: ${Math.round(ms)} ms`)
      const made = renderWithin('whole', template, parameters, escaping, 'UTC')
      t.ok(made.kind !== 'rendered' || made.text.length <= 524_288, `${name} is bounded`)
    }
  t.ok(process.memoryUsage().heapUsed - before < 500_000_000)
})
