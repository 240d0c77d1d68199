import { monitorEventLoopDelay } from 'node:perf_hooks'
import mobiletech from 'channel-mobiletech'
import { startSimulator } from 'channel-mobiletech/simulator'
import t from 'tap'
import { testCrm, testHost, until } from '../harness.ts'
import { repeated } from './cpu.ts'

const MOBILE = '0905 000 002'
const LONGEST = 60_000

const captures = '{% capture s %}{{ s }}{{ s }}{{ s }}{{ s }}{{ s }}{{ s }}{{ s }}{{ s }}{{ s }}{{ s }}{% endcapture %}'
const doubles = `{% assign s = x %}${'{% assign s = s | append: s %}'.repeat(300)}{{ s }}`

type Format = 'text' | 'markdown' | 'html'

/** The worst of each kind. */
const HOSTILE: readonly [Format, string][] = [
  ['text', '/template doubles x=aaaaaaaaaa'],
  ['text', `/template places x=${'a'.repeat(30_000)}`],
  ['text', `/template ${repeated('„a ', LONGEST)}`],
  ['text', `a${' '.repeat(LONGEST)}a`],
  ['markdown', repeated('_a__', LONGEST)],
  ['markdown', repeated('*a_', LONGEST)],
  ['markdown', repeated('**a *b', LONGEST)],
  ['html', `<ol>${repeated('<li>', LONGEST)}`]
]
const HARMLESS: readonly [Format, string][] = HOSTILE.map(([format]) => [format, 'Hello *you*, see you at noon'])

t.test('one tenant that sends the worst of each kind keeps nobody else waiting', { timeout: 120_000 }, async t => {
  const gateway = await startSimulator()
  t.teardown(() => gateway.close())
  const crm = await testCrm(t)
  const host = await testHost(t, {
    channels: [{ channel: mobiletech }],
    env: { ...gateway.variables, LV_PLUGIN_CHAT_SEND_INTERVAL: '50ms' }
  })
  const plugin = await crm.register(host.at('mobiletech'))
  const templates = `doubles: ${doubles}\nplaces: ${'{{ x }}'.repeat(500)}\ncaptures: ${captures.repeat(12)}`
  const save = (list: string) => plugin.saveSettings({ ...gateway.settings, templates: { templates: list } })
  t.equal((await save(templates)).status, 400, 'a template that gathers output is refused when it is saved')
  t.equal((await save(templates.replace(/\ncaptures.*/, ''))).status, 200)

  const waited = async (messages: readonly [Format, string][]) => {
    const delay = monitorEventLoopDelay({ resolution: 5 })
    delay.enable()
    for (const [format, text] of messages) {
      const { message } = await plugin.send({ contact: MOBILE, content: { text, format } })
      await until('an end', async () => plugin.statuses(message.id).length > 0)
    }
    delay.disable()
    return { p99: delay.percentile(99) / 1e6, longest: delay.max / 1e6 }
  }
  await waited(HARMLESS)
  const usual = await waited(HARMLESS)
  const hostile = await waited(HOSTILE)
  // A machine that is busy with others delays the harmless as well.
  t.ok(hostile.p99 < Math.max(50, 3 * usual.p99), `p99 ${hostile.p99} ms, usually ${usual.p99} ms`)
  t.comment(`p99 ${hostile.p99} ms, longest ${hostile.longest} ms, usually ${usual.p99} ms`)
  t.ok(hostile.longest < 1_000, `never longer than a second: ${hostile.longest} ms`)
})
