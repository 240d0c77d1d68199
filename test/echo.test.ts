import t from 'tap'
import { testCrm, testHost } from './harness.ts'

t.test('a message is delivered by the echo channel, and its statuses and the reply come back', async t => {
  const crm = await testCrm(t)
  const host = await testHost(t)
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
  t.equal(answer.text, '')

  const reply = await crm.waitFor(event => event.type === 'incoming')
  t.match(reply, { contact: '+79990000000', message: { content: { text: '<hello>', format: 'text' } } })
  t.same(plugin.statuses(message.id), ['sent', 'delivered', 'read'])
})
