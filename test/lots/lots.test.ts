import t from 'tap'
import { text } from '../scripted-channel.ts'
import { build, lotGateway } from './lot-gateway.ts'

const to = (contact: string, words: string, subject: string | null = null) => ({ ...text(contact, words), subject })
const numbered = (count: number) => Array.from({ length: count }, (_, index) => String(index))

t.test('lot: collects messages of one key, which are added in chunks, in order; then it is closed', async t => {
  const gateway = lotGateway({ chunk: 4, windowMs: 2_000 })
  const { crm, plugin, ended, messages } = await build(t, gateway)
  for (const number of numbered(10)) await plugin.send(to(number, `text ${number}`, 'May'))
  const [lot] = await ended()

  t.match(lot, { state: 'finished', items: 10, name: 'May', ref: '1', code: null, reason: null })
  t.same(gateway.lots, [
    {
      lot: { id: '1', name: 'May', key: { subject: 'May' }, items: 10, doubtful: false },
      items: numbered(10).map(number => `text ${number}`),
      closed: true
    }
  ])
  t.same(gateway.calls, ['open', 'add 4', 'add 4', 'add 2', 'close'])
  for (const row of await messages()) t.match(row, { state: 'accepted', ref: `1/${row.id}`, attempts: 1 })
  for (const _ of numbered(10)) await crm.waitFor(event => event.type === 'status' && event.status === 'sent')
  t.equal(gateway.handed.length, 0, 'no message was sent by itself')
})

t.test('key: messages of another key come into another lot', async t => {
  const gateway = lotGateway({ windowMs: 1_000 })
  const { plugin, ended } = await build(t, gateway)
  for (const [contact, subject] of [
    ['1', 'May'],
    ['2', 'June'],
    ['3', 'May']
  ] as const)
    await plugin.send(to(contact, contact, subject))
  await ended(2)
  t.same(gateway.lots.map(({ lot, items }) => [lot.name, items]).toSorted(), [
    ['June', ['2']],
    ['May', ['1', '3']]
  ])
})

t.test('lot: leaves at once when it is full, and has no more items than it may', async t => {
  const gateway = lotGateway({ items: 3, windowMs: 600_000 })
  const { plugin, sql, ended } = await build(t, gateway)
  await Promise.all(numbered(10).map(number => plugin.send(to(number, number))))
  const rows = await ended(3)
  t.same(
    rows.map(({ items }) => items),
    [3, 3, 3]
  )
  const [open] = await sql`select state, items from lots where ended_at is null`
  t.match(open, { state: 'collecting', items: 1 })
})

t.test('single: the only message of a lot is sent by itself where the gateway takes single ones', async t => {
  const gateway = lotGateway({ single: true })
  const { plugin, settled, ended } = await build(t, gateway)
  await plugin.send(to('1', 'hello'))
  t.match(await settled(), [{ state: 'accepted', ref: 'ref-1', attempts: 1 }])
  t.match(await ended(), [{ state: 'finished', ref: null }])
  t.same([gateway.texts(), gateway.calls], [['hello'], []])
})

t.test('prepare: a message is sent alone, or in error at once, as the channel says', async t => {
  const gateway = lotGateway({ windowMs: 600_000 })
  const { crm, plugin, settled } = await build(t, gateway)
  await plugin.send(to('1', 'alone'))
  await plugin.send(to('2', 'bad'))
  t.match(await settled(), [{ state: 'accepted' }, { state: 'failed', reason: 'it says bad', attempts: 1 }])
  await crm.waitFor(event => event.type === 'status' && event.status === 'error')
  t.same(gateway.texts(), ['alone'])
})

t.test('order: messages of a conversation keep it, in a lot and from lot to lot', async t => {
  let release = () => {}
  const first = new Promise<void>(resolve => {
    release = resolve
  })
  const gateway = lotGateway({ windowMs: 1_000 })
  const open = gateway.channel.lots?.open
  const held = Object.assign(gateway.channel, {
    lots: {
      ...gateway.channel.lots,
      open: async (lot: never, tools: never) => {
        if ((lot as { name: string }).name === 'May') await first
        return open?.(lot, tools)
      }
    }
  })
  const { plugin, sql, ended, settled } = await build(t, { channel: held }, { LV_PLUGIN_CHAT_SEND_TIMEOUT: '30s' })
  await plugin.send(to('1', 'one', 'May'))
  await plugin.send(to('1', 'two', 'May'))
  await plugin.send(to('1', 'three', 'June'))
  await plugin.send(to('2', 'another', 'June'))
  const [june] = await ended()
  t.match(june, { name: 'June', items: 1 }, 'no other conversation waits')
  t.match(await sql`select state from messages where id = 3`, [{ state: 'waiting' }])
  release()
  await settled()
  t.same(
    gateway.lots.map(({ items }) => items),
    [['another'], ['one', 'two'], ['three']]
  )
  t.match(
    await sql`select attempts from messages`,
    [1, 1, 1, 1].map(attempts => ({ attempts }))
  )
})

t.test('dedupe: a lot has a message to a recipient once; another message goes into the next lot', async t => {
  const gateway = lotGateway(
    { windowMs: 1_000 },
    {
      prepare: async ({ contact, content, id }) => ({
        kind: 'item',
        name: 'x',
        key: null,
        item: { id, text: content?.text },
        dedupe: contact
      })
    }
  )
  const { crm, plugin, ended, messages, settled } = await build(t, gateway)
  await plugin.send(to('1', 'hello'))
  await plugin.send(to('1', 'hello'))
  await plugin.send(to('1', 'how are you?'))
  await ended(2)
  await settled()
  t.match(await messages(), [
    { state: 'accepted', ref: '1/1' },
    { state: 'failed', reason: /^the same message to the same recipient is in the lot already/ },
    { state: 'accepted', ref: '2/3' }
  ])
  await crm.waitFor(event => event.type === 'status' && event.status === 'error')
})

t.test('item: characters that a database does not take are left out, and stop no other item', async t => {
  const gateway = lotGateway(
    { windowMs: 1_000 },
    {
      prepare: async ({ content }) => ({
        kind: 'item',
        name: 'x',
        key: { name: '\ud83d\0' },
        item: { text: `${content?.text}\0\ud83d`, 'a\0': [1] }
      })
    }
  )
  const { plugin, ended, settled } = await build(t, gateway)
  await Promise.all(['1', '2'].map(contact => plugin.send(to(contact, `to ${contact}`))))
  t.match(await settled(), [{ state: 'accepted' }, { state: 'accepted' }])
  t.match(await ended(), [{ state: 'finished', items: 2 }])
  const items: readonly unknown[] = gateway.lots.flatMap(lot => lot.items)
  t.same(
    new Set(items.map(item => JSON.stringify(item))),
    new Set(['1', '2'].map(contact => `{"text":"to ${contact}\ufffd","a":[1]}`))
  )
})
