import { form, group, string } from 'channel-kit/form'
import t, { type Test } from 'tap'
import { openServer } from '../../src/http/server.ts'
import { MOST_LINES } from '../../src/logging/line-limit.ts'
import { testCrm, testHost, until } from '../harness.ts'
import { ask } from '../http/ask.ts'
import { keptLog } from '../log.ts'
import { scripted, text } from '../scripted-channel.ts'

/** The log of a running host: people are masked in it, one id leads through it, and a flood does not fill it. */

interface Line {
  event?: string
  level: number
  msg: string
  crmId?: string
  reqId?: string
  message?: number
}

const PHONE = '+79991234567'
const MAIL = 'anna@example.com'

/** A host whose channel fails, and says so as channels do. */
async function build(t: Test, env: NodeJS.ProcessEnv) {
  const { logTo, log } = keptLog()
  const settings = form(
    { title: 'S', button: 'Save' },
    { main: group({ title: 'M' }, { url: string({ title: 'U' }) }) }
  )
  const script = scripted(
    async ({ contact, content }, { log }) => {
      log.warn({ to: contact, url: `http://gateway/?to=${encodeURIComponent(contact)}` }, 'the gateway is slow')
      throw new Error(`no route to ${contact}, ${MAIL}${content?.text.includes('text') ? '' : '.'}`)
    },
    { settings }
  )
  const crm = await testCrm(t)
  const host = await testHost(t, {
    channels: [{ channel: script.channel, path: '/' }],
    env: { LOG_LEVEL: 'debug', LV_PLUGIN_CHAT_SEND_ATTEMPTS: '1', ...env },
    logTo
  })
  const plugin = await crm.register(host.url)
  await plugin.saveSettings({ main: { url: 'http://127.0.0.1:9/' } })
  const lines = () =>
    log()
      .split('\n')
      .filter(Boolean)
      .map(line => JSON.parse(line) as Line)
  return { host, plugin, log, lines }
}

t.test('contacts are masked in each line, and what people wrote is in none', async t => {
  const { plugin, log, lines } = await build(t, {})
  await plugin.send(text(PHONE, 'a text that nobody may see'))
  await until('the failure to be told', async () => lines().some(({ event }) => event === 'outbox.offered'))
  t.match(log(), 'no route to …67, …@example.com')
  t.match(log(), 'http://gateway/?to=…67')
  for (const secret of [PHONE, PHONE.slice(1), 'anna@', 'nobody may see']) t.notOk(log().includes(secret), secret)
})

t.test('contacts are shown by LOG_CONTACTS=1', async t => {
  const { plugin, log, lines } = await build(t, { LOG_CONTACTS: '1' })
  await plugin.send(text(PHONE, 'hi'))
  await until('the failure', async () => lines().some(({ event }) => event === 'channel.threw'))
  t.ok(log().includes(`no route to ${PHONE}, ${MAIL}`))
})

t.test(
  'one id leads from the request over the attempt and the lines of its channel to what the CRM is told',
  async t => {
    const { plugin, lines } = await build(t, {})
    const { message } = await plugin.send(text('1', 'hi'))
    await until('the CRM to be told', async () => lines().some(({ event }) => event === 'outbox.offered'))
    const own = lines().filter(({ crmId }) => crmId === message.id)
    t.same(
      own.map(({ event, msg }) => event ?? msg),
      ['message.accepted', 'the gateway is slow', 'channel.threw', 'message.attempted', 'outbox.offered']
    )
    t.match(own[0]?.reqId, /^[\w-]{36}$/)
    t.equal(new Set(own.slice(1, 4).map(line => line.message)).size, 1)
  }
)

t.test('the id that a proxy gave a request is that of its lines, unless it is none', async t => {
  const { host, lines } = await build(t, {})
  const refused = async (id: string) => {
    await ask(`${host.url}special/send`, { method: 'POST', headers: { 'x-request-id': id }, body: '{' })
    return lines().findLast(({ msg }) => msg === 'request refused')?.reqId
  }
  t.equal(await refused('proxy-1'), 'proxy-1')
  t.match(await refused('"} x'), /^[\w-]{36}$/)
  t.match(await refused('x'.repeat(65)), /^[\w-]{36}$/)
})

t.test('at info hundreds of failing messages write no more than their limit, and well ones nothing', async t => {
  const { plugin, lines, host } = await build(t, { LOG_LEVEL: 'info' })
  const before = lines().length
  await Promise.all(Array.from({ length: 200 }, (_, index) => plugin.send(text(`9${index}`, 'hi'))))
  await until('all to fail', async () => {
    const [row] = await host.database.sql`select count(*)::int n from messages where state = 'failed'`
    return row?.n === 200
  })
  const written = lines().slice(before)
  t.equal(written.filter(({ event }) => event === 'channel.threw').length, MOST_LINES)
  t.ok(written.length <= 2 * MOST_LINES, 'two kinds of lines')
})

t.test('a person at a terminal reads no JSON', async t => {
  const { logTo, log } = keptLog()
  const app = await openServer({ logLevel: 'info', logContacts: false, pretty: true }, logTo)
  app.log.info({ event: 'host.waiting', waits: 1 }, `for ${PHONE}`)
  t.match(log(), /^[\d:.]{12} INFO {2}host\.waiting for …67 waits=1\n$/)
  await app.close()
})
