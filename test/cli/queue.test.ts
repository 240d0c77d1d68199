import t from 'tap'
import { testCrm, testEnvironment, testHost } from '../harness.ts'
import { startCli } from './run.ts'

t.test('queue run does the work of hosts that only listen, and ends in order when it is told to', async t => {
  const crm = await testCrm(t)
  const env = await testEnvironment(t, { LV_PLUGIN_ROLES: 'web' })
  const host = await testHost(t, { env })
  const plugin = await crm.register(host.url)
  await plugin.ask({
    method: 'PUT',
    path: 'protected/data/settings',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ main: { prefix: '<', suffix: '>', delay: 0 } })
  })
  const { message, answer } = await plugin.send({
    contact: '+79990000000',
    content: { text: 'hello', format: 'text' },
    attachments: [],
    subject: null
  })
  t.equal(answer.status, 202)
  t.same(plugin.statuses(message.id), [])

  // Its port is the host's, so it could not even start if it listened.
  const worker = await startCli(t, ['queue', 'run', '--json'], { env })
  const reply = await crm.waitFor(event => event.type === 'incoming')
  t.match(reply, { contact: '+79990000000', message: { content: { text: '<hello>', format: 'text' } } })
  t.same(plugin.statuses(message.id), ['sent', 'delivered', 'read'])

  worker.kill('SIGTERM')
  const { code, stdout, stderr } = await worker.ended
  t.same([code, stderr], [0, ''])
  t.same(JSON.parse(stdout), { channels: ['echo', 'form-gallery'], signal: 'SIGTERM' })
})
