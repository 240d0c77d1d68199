import { eq, ne } from 'drizzle-orm'
import t from 'tap'
import { messages } from '../../src/postgres/schema/messages.ts'
import { testCrm, testDatabase, testHost, until } from '../harness.ts'
import { scripted, taken, text } from '../scripted-channel.ts'
import { randomOf } from '../seeded-random.ts'

t.test('messages of a conversation leave in the order accepted, through retries and on several hosts', async t => {
  const seed = Date.now() % 1_000_000
  t.comment(`seed ${seed}`)
  const { chance, next } = randomOf(seed)
  const left = new Map<string, number[]>()
  const busy = new Set<string>()
  const overlaps: string[] = []
  const script = scripted(async message => {
    if (busy.has(message.contact)) overlaps.push(message.contact)
    busy.add(message.contact)
    await new Promise(resolve => setTimeout(resolve, next() * 4))
    busy.delete(message.contact)
    if (chance(0.2)) return { kind: 'retry', reason: 'busy', afterMs: 5 }
    left.set(message.contact, [...(left.get(message.contact) ?? []), Number(message.content?.text)])
    return taken(message)
  })
  const crm = await testCrm(t)
  const env = { DATABASE_URL: await testDatabase(t), LV_PLUGIN_CHAT_SEND_QUEUE_LIMIT: '20' }
  const first = await testHost(t, { channels: [{ channel: script.channel, path: '/' }], env })
  // Takes part in the work under the first one's address.
  await testHost(t, {
    channels: [{ channel: script.channel, path: '/' }],
    env: { ...env, LV_PLUGIN_SELF_URI: first.url }
  })
  const plugins = await Promise.all([1, 2, 3, 4].map(() => crm.register({ selfUri: first.url })))

  const contacts = Array.from({ length: 20 }, (_, index) => `c${index}`)
  for (let round = 0; round < 10; round++)
    await Promise.all(
      plugins.flatMap((plugin, account) =>
        contacts.map(contact => plugin.send(text(`${account}-${contact}`, String(round))))
      )
    )

  const { db } = first.database
  await until(
    'all messages to be sent',
    async () => (await db.select().from(messages).where(ne(messages.state, 'accepted')).limit(1)).length === 0,
    60_000
  )
  t.equal(left.size, 80)
  t.same(
    [...left.values()].filter(rounds => rounds.join() !== '0,1,2,3,4,5,6,7,8,9'),
    []
  )
  t.same(overlaps, [], 'one at a time')
})

t.test('a conversation that waits for its next attempt holds back only itself', async t => {
  const script = scripted(async message =>
    message.contact === 'stuck' ? { kind: 'retry', reason: 'later', afterMs: 60_000 } : taken(message)
  )
  const crm = await testCrm(t)
  const host = await testHost(t, { channels: [{ channel: script.channel, path: '/' }] })
  const plugin = await crm.register(host.url)

  await plugin.send(text('stuck', 'first'))
  await until('the first attempt', async () => script.handed.length === 1)
  await plugin.send(text('stuck', 'second'))
  const { message } = await plugin.send(text('free', 'hello'))

  const { db } = host.database
  await until(
    'the other conversation',
    async () => (await db.select().from(messages).where(eq(messages.crmId, message.id)))[0]?.settledAt ?? false
  )
  t.same(script.texts(), ['first', 'hello'])
})

t.test("an account with thousands of waiting messages does not delay another's single one", async t => {
  const script = scripted(async message => {
    await new Promise(resolve => setTimeout(resolve, 200))
    return taken(message)
  })
  const crm = await testCrm(t)
  const host = await testHost(t, {
    channels: [{ channel: script.channel, path: '/' }],
    env: { LV_PLUGIN_CHAT_SEND_QUEUE_LIMIT: '10' }
  })
  const [crowd, single] = [await crm.register(host.url), await crm.register(host.url)]

  for (let wave = 0; wave < 40; wave++)
    await Promise.all(Array.from({ length: 50 }, (_, index) => crowd.send(text(`c${wave} ${index}`, 'crowd'))))
  const before = script.handed.length
  await single.send(text('x', 'single'))
  await until('the single message', async () => script.texts().includes('single'))

  const overtook = script.texts().indexOf('single') - before
  t.ok(script.handed.length < 2_000, 'the crowd is still waiting')
  t.ok(overtook <= 100, `it waited for ${overtook} others`)
})

t.test('the same message id is sent once, also when it is posted many times at once', async t => {
  const script = scripted(taken)
  const crm = await testCrm(t)
  const host = await testHost(t, { channels: [{ channel: script.channel, path: '/' }] })
  const plugin = await crm.register(host.url)
  const body = { chat: { contact: '1' }, message: { id: 'same', content: { text: 'once', format: 'text' } } }

  const answers = await Promise.all(Array.from({ length: 50 }, () => plugin.special(body)))
  const last = await plugin.send(text('1', 'after it'))

  t.ok(answers.every(({ status }) => status === 202))
  await until('the message after it', async () => script.texts().includes(last.message.content?.text ?? ''))
  t.same(script.texts(), ['once', 'after it'])
})

t.test('an account sends no faster, and no more at once, than its channel allows', async t => {
  const starts: number[] = []
  let inFlight = 0
  let most = 0
  const script = scripted(
    async message => {
      starts.push(performance.now())
      inFlight += 1
      most = Math.max(most, inFlight)
      await new Promise(resolve => setTimeout(resolve, 10))
      inFlight -= 1
      return taken(message)
    },
    { limits: () => ({ perSecond: 20, inFlight: 3 }) }
  )
  const crm = await testCrm(t)
  const host = await testHost(t, { channels: [{ channel: script.channel, path: '/' }] })
  const plugin = await crm.register(host.url)

  await Promise.all(Array.from({ length: 60 }, (_, index) => plugin.send(text(`c${index}`, 'hello'))))
  await until('all to be sent', async () => script.handed.length === 60)

  t.ok(most <= 3, `${most} at once`)
  const busiest = Math.max(
    ...starts.map(start => starts.filter(other => other >= start && other < start + 1_000).length)
  )
  t.ok(busiest <= 41, `${busiest} in one second: a burst of 20 and 20 more`)
})
