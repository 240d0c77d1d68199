import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { testCrm, testDatabase, testHost, until } from '../harness.ts'
import { ask } from './ask.ts'
import { databaseRelay } from './database-relay.ts'

const AWAY = { code: 503, message: 'Temporarily out of service, try again' }
/** How long a CRM would wait for an answer. */
const SOON_MS = 10_000
const HEALED_MS = 30_000
/** Longer than any connection lives that nobody answers, so that all have been given up, those that only listen too. */
const LONG_MS = 20_000

const hello = (id: string) => ({ chat: { contact: '1' }, message: { id, content: { text: id, format: 'text' } } })
const isReady = async (url: string) => (await ask(`${url}health/ready`)).status === 200

t.setTimeout(180_000)

for (const silentMs of [0, LONG_MS])
  t.test(
    `a database that falls silent is given up soon, and work goes on when it heals after ${silentMs} ms`,
    async t => {
      const crm = await testCrm(t)
      const relay = await databaseRelay(t, await testDatabase(t))
      const host = await testHost(t, { env: { DATABASE_URL: relay.url } })
      const plugin = await crm.register(host.url)
      await plugin.saveSettings({ main: { prefix: '<', suffix: '>', delay: 0 } })
      const before = await plugin.send({ contact: '1', content: { text: 'before', format: 'text' } })
      await crm.waitFor(event => event.type === 'status' && event.messageId === before.message.id)

      relay.swallow()
      const started = performance.now()
      const [ready, ...answers] = await Promise.all([
        ask(`${host.url}health/ready`),
        ...Array.from({ length: 20 }, (_, index) => plugin.special(hello(`silent-${index}`))),
        plugin.saveSettings({ main: { prefix: 'lost', suffix: '' } })
      ])
      t.ok(performance.now() - started < SOON_MS, 'whoever asks hears so before he gives up')
      for (const answer of answers) {
        t.equal(answer.status, 503, answer.text)
        t.same(answer.json, AWAY)
      }
      t.match(ready.json, { code: 503, problems: ['database_away'] })
      // The silence itself is what is tried here.
      await delay(silentMs)

      relay.heal()
      const healed = performance.now()
      await until('the host to be ready', () => isReady(host.url), HEALED_MS)
      const { message, answer } = await plugin.send({ contact: '2', content: { text: 'after', format: 'text' } })
      t.equal(answer.status, 202)
      await until(
        'the CRM to be told',
        async () => crm.events.some(event => event.type === 'status' && event.messageId === message.id),
        HEALED_MS
      )
      t.ok(performance.now() - healed < HEALED_MS, 'what comes after is sent and told')
    }
  )
