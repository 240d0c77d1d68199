import { asc } from 'drizzle-orm'
import t from 'tap'
import { aliases } from '../../src/database/kept.ts'
import { conversations } from '../../src/database/schema.ts'
import { eraseContact } from '../../src/messages/erase.ts'
import { until } from '../harness.ts'
import { taken } from '../scripted.ts'
import { talkingHost, wrote } from '../talking.ts'

const renamed = (from: string, to: string) => ({ kind: 'renamed', from, to }) as const

t.test('a chat goes on under the name that the CRM knows, and is sent to the newest name', async t => {
  const { db, post, reach, report, script, incoming } = await talkingHost(t, taken)
  await reach(await post('a', 'before'), 'accepted')
  await report(renamed('a', 'b'), wrote('m1', 'b', 'from b'))
  await report(renamed('b', 'c'), renamed('a', 'b'), renamed('b', 'c'))
  await report(wrote('m2', 'c', 'from c'), wrote('m3', 'a', 'from a'), wrote('m4', 'b', 'from b again'))
  for (const contact of ['a', 'b', 'c', 'd']) await reach(await post(contact, `to ${contact}`), 'accepted')

  t.same(
    script.handed.map(({ contact, address }) => `${contact} at ${address}`),
    ['a at a', 'a at c', 'b at c', 'c at c', 'd at d']
  )
  await until('the CRM to hear', async () => incoming().length === 4)
  t.same(
    incoming().map(({ contact, message }) => `${contact}: ${message.content?.text}`),
    ['a: from b', 'a: from c', 'a: from a', 'a: from b again']
  )
  t.match(await db.select().from(conversations).orderBy(asc(conversations.id)), [{ contact: 'a' }, { contact: 'd' }])
})

t.test('a name may come back, and a contact that nobody knows is none', async t => {
  const { db, post, reach, report, script } = await talkingHost(t, taken)
  await report(renamed('x', 'y'))
  t.equal(await db.$count(conversations), 0)
  await reach(await post('a', 'one'), 'accepted')
  await report(renamed('a', 'b'), renamed('b', 'a'))
  await reach(await post('a', 'two'), 'accepted')
  t.same(
    script.handed.map(({ address }) => address),
    ['a', 'a']
  )
})

t.test('where both names have conversations each stays, and both are sent to the newest name', async t => {
  const { post, reach, report, script, incoming } = await talkingHost(t, taken)
  for (const contact of ['a', 'b']) await reach(await post(contact, 'before'), 'accepted')
  await report(renamed('a', 'b'), wrote('m1', 'b'), wrote('m2', 'a'))
  await reach(await post('a', 'after'), 'accepted')
  await report(renamed('b', 'c'))
  for (const contact of ['a', 'b']) await reach(await post(contact, 'later'), 'accepted')

  t.same(
    script.handed.slice(2).map(({ contact, address }) => `${contact} at ${address}`),
    ['a at b', 'a at c', 'b at c']
  )
  await until('the CRM to hear', async () => incoming().length === 2)
  t.same(new Set(incoming().map(({ contact }) => contact)), new Set(['a', 'b']))
})

t.test('a contact is another one’s at another account', async t => {
  const { post, reach, report, script, join } = await talkingHost(t, taken)
  const other = await join()
  await reach(await post('a', 'one'), 'accepted')
  await report(renamed('a', 'b'))
  await other.plugin.send({ contact: 'a', content: { text: 'two', format: 'text' } })
  await until('it to be sent', async () => script.handed.length === 2)
  t.equal(script.handed[1]?.address, 'a')
})

t.test('a contact is erased by any of its names', async t => {
  for (const name of ['a', 'b', 'c']) {
    const { db, host, report } = await talkingHost(t, taken)
    await report(wrote('m1', 'a'), wrote('m2', 'z'))
    await report(renamed('a', 'b'), renamed('b', 'c'))
    t.match(await eraseContact(host.database, name, { onlyCount: false }), { conversations: 1, items: 1 }, name)
    t.match(await db.select().from(conversations), [{ contact: 'z' }])
    t.equal(await db.$count(aliases), 0)
  }
})

t.test('calls that rename and write at the same time are all taken', async t => {
  const { report, incoming, db } = await talkingHost(t, taken)
  await report(wrote('m', 'a'))
  await Promise.all(Array.from({ length: 30 }, (_, n) => report(renamed('a', 'b'), wrote(`m${n}`, n % 2 ? 'a' : 'b'))))
  await until('the CRM to hear', async () => incoming().length === 31)
  t.same(new Set(incoming().map(({ contact }) => contact)), new Set(['a']))
  t.equal(await db.$count(conversations), 1)
})
