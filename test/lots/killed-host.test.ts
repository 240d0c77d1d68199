import bpmessage from 'channel-bpmessage'
import { startSimulator } from 'channel-bpmessage/simulator'
import t, { type Test } from 'tap'
import { testCrm, testHost, until } from '../harness.ts'
import { startTestProcess } from '../host-process.ts'
import { text } from '../scripted-channel.ts'

const HOUR = 3_600_000

/** A host that only works, in a process of its own. */
const startWorker = (t: Test, environment: NodeJS.ProcessEnv) =>
  startTestProcess(t, {
    env: { ...environment, LV_PLUGIN_ROLES: 'worker', LOG_LEVEL: 'silent' },
    output: 'ignore'
  })

t.test('lots of a host that is killed while it calls the gateway are brought to their ends by another', async t => {
  const fake = await startSimulator()
  t.teardown(() => fake.close())
  const crm = await testCrm(t)
  const env = { LV_PLUGIN_CHANNELS: 'bpmessage=/', LV_PLUGIN_ROLES: 'web' }
  const { environment, url, database } = await testHost(t, { channels: [{ channel: bpmessage, path: '/' }], env })
  const { sql } = database
  const plugin = await crm.register(url)
  await plugin.saveSettings({ ...fake.settings, lots: { ...fake.settings.lots, mode: ['lot'], timeWindow: 1 } })
  const called = (path: string, times: number) =>
    until(
      `${times} calls of ${path}`,
      async () => fake.store.calls.filter(call => call.path.includes(path)).length === times,
      60_000
    )

  const first = startWorker(t, environment)
  fake.faults.plan('finish', { kind: 'delay', ms: HOUR })
  const { message: closing } = await plugin.send({ ...text('+5511900000001', 'Oi'), subject: 'May' })
  await called('FinishLot', 1)
  fake.faults.plan('add', { kind: 'delay', ms: HOUR })
  const { message: adding } = await plugin.send({ ...text('+5511900000002', 'Oi'), subject: 'June' })
  await called('AddMessageToLot', 2)
  await first.end('SIGKILL')

  startWorker(t, environment)
  await until(
    'both lots to end',
    async () => (await sql`select from lots where ended_at is not null`).length === 2,
    90_000
  )
  t.match(await sql`select name, state, step from lots order by id`, [
    { name: 'May', state: 'finished' },
    { name: 'June', state: 'unknown', step: 'sending' }
  ])
  await crm.waitFor(event => event.type === 'status' && event.messageId === adding.id)
  t.same([plugin.statuses(closing.id), plugin.statuses(adding.id)], [['sent'], ['error']])
  const paths = fake.store.calls.map(({ path }) => path.split('/')[3])
  t.equal(paths.filter(path => path === 'AddMessageToLot').length, 2, 'nothing was added again')
  t.equal(fake.lots()[0]?.finished, true)
})
