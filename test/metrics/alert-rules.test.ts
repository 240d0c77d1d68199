import { readFileSync } from 'node:fs'
import t from 'tap'
import { createMetrics } from '../../src/metrics/metrics.ts'
import { openDatabase, testDatabase } from '../harness.ts'

/** Rules and the dashboard for operators are about metrics that there are, and each alert has its place in the runbook. */

const read = (path: string) => readFileSync(new URL(`../../docs/${path}`, import.meta.url), 'utf8')
const ALERTS = read('monitoring/alerts.yml')
const DASHBOARD = read('monitoring/grafana.json')
const OPERATING = read('operating.md')

const found = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, name = '']) => name)
const metricsIn = (text: string) => [...new Set(found(text, /\b((?:chat|process|nodejs)_[a-z0-9_]+)/g))]

const { db, close } = openDatabase(await testDatabase(t), 1)
t.teardown(close)
const { metrics } = createMetrics({
  wanted: true,
  database: { db },
  mounted: ['echo'],
  look: async () => undefined,
  pools: []
})
const known = found((await metrics?.scrape()) ?? '', /^# TYPE (\w+) /gm)
/** A histogram is read by its series. */
const isKnown = (name: string) => known.includes(name) || known.includes(name.replace(/_(bucket|count|sum)$/, ''))

t.test('every metric of an alert and of the dashboard is there', async t => {
  for (const [name, text] of Object.entries({ ALERTS, DASHBOARD })) {
    const named = metricsIn(text)
    t.ok(named.length > 10, `${name} names metrics`)
    t.same(
      named.filter(metric => !isKnown(metric)),
      [],
      name
    )
  }
})

t.test('the table of metrics is what a host has', async t => {
  const table = found(OPERATING, /^\| `(chat_\w+)/gm)
  t.same(table.toSorted(), known.filter(name => name.startsWith('chat_')).toSorted())
})

t.test('every alert has its line in the runbook, and every line an alert', async t => {
  const alerts = found(ALERTS, /^\s*- alert: (\w+)$/gm)
  t.ok(alerts.length > 10, 'alerts are found')
  t.same(found(OPERATING, /^\| `(Chat\w+)`/gm), alerts)
  t.equal(new Set(alerts).size, alerts.length, 'each once')
})

t.test('the dashboard imports: it asks for its source, and each panel draws something', async t => {
  const {
    __inputs: inputs,
    panels,
    uid
  } = JSON.parse(DASHBOARD) as {
    __inputs: { name: string }[]
    uid: string
    panels: { id: number; targets: { expr: string; datasource: { uid: string } }[] }[]
  }
  t.same([inputs.map(({ name }) => name), uid], [['DS_PROMETHEUS'], 'chat-plugin-host'])
  t.equal(new Set(panels.map(({ id }) => id)).size, panels.length)
  for (const { targets } of panels)
    for (const { expr, datasource } of targets) {
      t.ok(metricsIn(expr).length > 0, expr)
      t.match(datasource.uid, /^\$\{DS_PROMETHEUS\}$/)
    }
})
