import t from 'tap'
import { outbox } from '../../src/postgres/schema/outbox.ts'
import { talkingHost, wrote } from '../conversation-fixture.ts'
import { until } from '../harness.ts'
import { cli, cliJson } from './run.ts'

t.test('messages show tells of parts, and how a doubt ended; messages list of answers without an id', async t => {
  const { host, report, script, post, reach } = await talkingHost(t, async ({ content }) =>
    content?.text === 'doubt'
      ? { kind: 'unknown', reason: 'silence', awaitMs: 60_000, parts: 2 }
      : { kind: 'accepted', ref: 'whole' }
  )
  const env = host.environment
  const id = await post('1', 'doubt')
  await until('the attempt', async () => script.handed.length === 1)
  const { id: own } = await reach(id, 'waiting')
  const status = (ref: string, part: number) =>
    ({ kind: 'status', ref, status: 'sent', message: { id: String(own), part } }) as const
  await report(status('first', 0), status('second', 1))
  await reach(id, 'accepted')
  await report({ kind: 'answer', ref: 'a', contact: '2', content: { text: 'we are away', format: 'text' } })
  await until('the answer', async () => script.handed.length === 2)

  const { stdout } = await cli(t, ['messages', 'show', '--crm-id', id], { env })
  t.match(stdout, /^parts +0 as first \(sent\), 1 as second \(sent\)$/m)
  t.match(stdout, /status of part 1 +sent$/m)
  t.match(stdout, /confirmed +as first: a status of it came, so it is not sent again$/m)
  t.match(await cliJson(t, ['messages', 'list', '--contact', '2'], { env }), { messages: [{ crmId: null }] })
})

t.test('outbox list tells why a message of a customer is still waiting', async t => {
  const { host, db, report } = await talkingHost(t, async () => ({ kind: 'rejected', reason: 'none' }), {
    channel: { download: async () => ({ kind: 'retry', reason: 'the file is locked', afterMs: 60_000 }) }
  })
  await report({ ...wrote('m1', '1'), attachments: [{ media: 1, name: 'a', type: 'file' }] })
  await until('a try', async () => (await db.select().from(outbox))[0]?.reason ?? false)
  const { stdout } = await cli(t, ['outbox', 'list', '--state', 'waiting'], { env: host.environment })
  t.match(stdout, /incoming message .* waiting .* the file is locked/)
})
