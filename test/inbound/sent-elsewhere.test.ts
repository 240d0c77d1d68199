import type { MessageEvent } from 'channel-kit/event'
import { readEvent } from 'channel-kit/event-answer'
import t from 'tap'
import { outbox } from '../../src/postgres/schema/outbox.ts'
import { talkHost } from '../api/talk-host.ts'
import { wrote } from '../conversation-fixture.ts'
import { until } from '../harness.ts'

/** Messages of the business itself, which did not go through the host. */

const own = (ref: string, contact: string, more: Partial<MessageEvent> = {}): MessageEvent => ({
  ...wrote(ref, contact, `own ${ref}`),
  by: 'business',
  ...more
})

type Host = Awaited<ReturnType<typeof talkHost>>

const lines = ({ crm }: Pick<Host, 'crm'>, contact: string) =>
  crm.events.flatMap(event =>
    event.type === 'incoming' && event.contact === contact ? [event.message.content?.text ?? ''] : []
  )

const MESSAGES = 'message.received,message.sent_elsewhere'

t.test('a message of the business reaches the CRM as before, and the feed as one that was sent elsewhere', async t => {
  const setup = await talkHost(t)
  const { report, read } = setup
  const file = { name: 'a.png', type: 'image' as const, uri: 'https://files.example/a.png' }
  await report(wrote('in-1', 'anna', 'hello?'), own('own-1', 'anna', { attachments: [file] }))
  await report(own('own-1', 'anna'), wrote('in-2', 'anna', 'thanks'))
  t.match(await read(MESSAGES), [
    { type: 'message.received', ref: 'in-1' },
    {
      type: 'message.sent_elsewhere',
      source: 'phone',
      contact: 'anna',
      ref: 'own-1',
      text: 'own own-1',
      subject: null,
      isCut: false,
      attachments: [{ type: 'image', name: 'a.png' }],
      attachmentCount: 1
    },
    { type: 'message.received', ref: 'in-2' }
  ])
  t.equal((await read(MESSAGES)).length, 3)
  const heard = await until('three lines', async () => lines(setup, 'anna').length === 3 && lines(setup, 'anna'))
  t.same(heard, ['hello?', 'own own-1', 'thanks'])
})

t.test('a hidden one is told by the feed once, and the CRM hears nothing of it', async t => {
  const setup = await talkHost(t)
  const { report, read, host, ask } = setup
  const file = { name: 'a.png', type: 'image' as const, media: 1 }
  const hidden = own('own-1', 'anna', { hidden: true, attachments: [file] })
  await report(hidden, hidden)
  await Promise.all([report(hidden), report(hidden), report(own('own-1', 'anna'))])
  await report(own('own-1', 'bob', { hidden: true }), { ...wrote('in-1', 'anna', 'a customer'), hidden: true })
  t.match(await read(MESSAGES), [
    { type: 'message.sent_elsewhere', contact: 'anna', ref: 'own-1', attachmentCount: 1 },
    { type: 'message.sent_elsewhere', contact: 'bob', ref: 'own-1' },
    { type: 'message.received', contact: 'anna', ref: 'in-1' }
  ])
  t.equal((await read(MESSAGES)).length, 3)
  await until('the customer to be heard', async () => lines(setup, 'anna').length > 0)
  t.same(lines(setup, 'anna'), ['a customer'], 'a customer is never hidden')
  t.same(lines(setup, 'bob'), [])
  t.match((await ask('/outbox')).json.items, [{ kind: 'incoming', registration: 1 }])
  t.equal((await ask('/outbox')).json.items.length, 1)
  const kept = await host.database.db.select().from(outbox)
  t.same(
    kept.filter(({ kind }) => kind === 'hidden').map(({ body, media }) => ({ body, media })),
    [
      { body: {}, media: null },
      { body: {}, media: null }
    ],
    'nothing of the message is kept'
  )
})

t.test('a message of the business answers no item of an API client; the next one of the customer does', async t => {
  const setup = await talkHost(t)
  const { report, ask, token, host } = setup
  const client = await token({ name: 'campaigns', scopes: ['send', 'bulk'] })
  const items = [{ id: 'one', contact: 'anna', text: 'Hello?' }]
  await ask('/registrations/1/messages', { body: { items }, token: client })
  const { sql } = host.database
  await until('it to be sent', async () => (await sql`select from messages where state = 'accepted'`).length === 1)
  await report(own('own-1', 'anna'), own('own-2', 'anna', { hidden: true }))
  await until('the CRM to hear', async () => lines(setup, 'anna').length === 1)
  await report(wrote('in-1', 'anna', 'yes'))
  await until('the CRM to hear', async () => lines(setup, 'anna').length === 3)
  t.same(lines(setup, 'anna'), ['own own-1', '[campaigns] Hello?', 'yes'])
})

t.test('the writer of a message is the business or nobody that a channel may name', async t => {
  t.match(readEvent(own('own-1', 'anna', { hidden: true })), { value: { by: 'business', hidden: true } })
  for (const by of ['customer', 'agent', 7, null, {}])
    t.match(readEvent({ ...wrote('in-1', 'anna'), by }), { wrong: /^\/by / })
  t.match(readEvent({ ...own('own-1', 'anna'), hidden: 'yes' }), { wrong: /^\/hidden / })
})
