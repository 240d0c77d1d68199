import { asc } from 'drizzle-orm'
import t from 'tap'
import { eraseContact } from '../../src/messages/erase.ts'
import { aliases, conversations } from '../../src/postgres/schema/conversations.ts'
import { talkingHost, wrote } from '../conversation-fixture.ts'
import { TEST_SECRETS, until } from '../harness.ts'
import { taken } from '../scripted-channel.ts'

const renamed = (from: string, to: string) => ({ kind: 'renamed', from, to }) as const

t.test(
  'renamed contact: its chat goes on under the name that the CRM knows, and is sent to the newest name',
  async t => {
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
  }
)

t.test('renamed contact: a name may come back, and an unknown contact changes nothing', async t => {
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

t.test(
  'renamed contact: where both names have conversations each stays, and both are sent to the newest name',
  async t => {
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
  }
)

t.test('renamed contact: at another account the name is another contact’s', async t => {
  const { post, reach, report, script, join } = await talkingHost(t, taken)
  const other = await join()
  await reach(await post('a', 'one'), 'accepted')
  await report(renamed('a', 'b'))
  await other.plugin.send({ contact: 'a', content: { text: 'two', format: 'text' } })
  await until('it to be sent', async () => script.handed.length === 2)
  t.equal(script.handed[1]?.address, 'a')
})

t.test('renamed contact: it is erased by any of its names', async t => {
  for (const name of ['a', 'b', 'c']) {
    const { db, host, report } = await talkingHost(t, taken)
    await report(wrote('m1', 'a'), wrote('m2', 'z'))
    await report(renamed('a', 'b'), renamed('b', 'c'))
    t.match(
      await eraseContact(host.database, name, { onlyCount: false, secrets: TEST_SECRETS }),
      { conversations: 1, items: 1 },
      name
    )
    t.match(await db.select().from(conversations), [{ contact: 'z' }])
    t.equal(await db.$count(aliases), 0)
  }
})

t.test('renamed contact: calls that rename and write at the same time are all stored', async t => {
  const { report, incoming, db } = await talkingHost(t, taken)
  await report(wrote('m', 'a'))
  await Promise.all(Array.from({ length: 30 }, (_, n) => report(renamed('a', 'b'), wrote(`m${n}`, n % 2 ? 'a' : 'b'))))
  await until('the CRM to hear', async () => incoming().length === 31)
  t.same(new Set(incoming().map(({ contact }) => contact)), new Set(['a']))
  t.equal(await db.$count(conversations), 1)
})

t.test(
  'alias: the first status of a message may name its contact, and an answer by that name comes into its chat',
  async t => {
    const { post, reach, report, incoming } = await talkingHost(t, async ({ id }) => ({ kind: 'accepted', ref: id }))
    const first = (await reach(await post('+1 9', 'one'), 'accepted')).ref ?? ''
    const delivered = (ref: string, contact: string) => ({ kind: 'status', ref, status: 'delivered', contact }) as const
    await report(delivered(first, '19'), wrote('m1', '19', 'to the first'))

    const second = (await reach(await post('0019', 'two'), 'accepted')).ref ?? ''
    await report(delivered(second, '19'), wrote('m2', '19', 'to the second'))
    await report({ kind: 'status', ref: first, status: 'read', contact: '19' })
    await report(wrote('m3', '19', 'still to the second'))
    await until('the CRM to hear', async () => incoming().length === 3)
    t.same(
      incoming().map(({ contact, message }) => `${contact}: ${message.content?.text}`),
      ['+1 9: to the first', '0019: to the second', '0019: still to the second']
    )
  }
)

t.test(
  'alias: if a contact has two chats, the one that was written in last gets the answer, whatever its name',
  async t => {
    const { post, reach, report, incoming } = await talkingHost(t, async ({ id }) => ({ kind: 'accepted', ref: id }))
    await report(wrote('m1', '19', 'oi'))
    const says = async (contact: string) => {
      const { ref } = await reach(await post(contact, 'ola'), 'accepted')
      await report({ kind: 'status', ref: ref ?? '', status: 'sent', contact: '19' })
      await report(wrote(`answer ${ref}`, '19', `answer to ${contact}`))
    }
    for (const contact of ['+19', '19', '+19']) await says(contact)
    await until('the CRM to hear', async () => incoming().length === 4)
    t.same(
      incoming().map(({ contact, message }) => `${contact}: ${message.content?.text}`),
      ['19: oi', '+19: answer to +19', '19: answer to 19', '+19: answer to +19']
    )
  }
)

t.test('alias: a name that a status of another account gives is none here', async t => {
  const { report, incoming, join, script, db } = await talkingHost(t, async ({ id }) => ({ kind: 'accepted', ref: id }))
  const other = await join()
  await other.plugin.send({ contact: '+19', content: { text: 'hello', format: 'text' } })
  const { id } = await until('it to be sent', async () => script.handed[0])
  await report({ kind: 'status', ref: id, status: 'sent', contact: '19', message: { id } }, wrote('m', '19'))
  await until('the CRM to hear', async () => incoming().length === 1)
  t.match(incoming(), [{ contact: '19' }])
  t.equal(await db.$count(aliases), 0)
})
