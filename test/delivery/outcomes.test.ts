import type { Outcome } from 'channel-kit/outcome'
import { eq } from 'drizzle-orm'
import t, { type Test } from 'tap'
import { messages } from '../../src/postgres/schema/messages.ts'
import { notes, registrations } from '../../src/postgres/schema/registrations.ts'
import { wrote } from '../conversation-fixture.ts'
import { testCrm, testHost, until } from '../harness.ts'
import { scripted, taken, text } from '../scripted-channel.ts'

const FAST = {
  LV_PLUGIN_CHAT_SEND_ATTEMPTS: '3',
  LV_PLUGIN_CHAT_SEND_INTERVAL: '50ms',
  LV_PLUGIN_CHAT_SEND_TIMEOUT: '500ms'
}

async function build(t: Test, script: ReturnType<typeof scripted>, env: NodeJS.ProcessEnv = FAST) {
  const crm = await testCrm(t)
  const host = await testHost(t, { channels: [{ channel: script.channel, path: '/' }], env })
  const plugin = await crm.register(host.url)
  const settled = (id: string) =>
    until(`message ${id} to be settled`, async () => {
      const [row] = await host.database.db.select().from(messages).where(eq(messages.crmId, id))
      return row?.settledAt ? row : undefined
    })
  return { crm, host, plugin, settled }
}

t.test(
  'a message that cannot leave is tried as often as settings say, that far apart, then fails and the CRM is told',
  async t => {
    const times: number[] = []
    const script = scripted(async () => {
      times.push(performance.now())
      return { kind: 'retry', reason: 'gateway closed' }
    })
    const { crm, plugin, settled } = await build(t, script)

    const { message } = await plugin.send(text('1', 'hello'))
    const row = await settled(message.id)

    t.match(row, { state: 'failed', attempts: 3, reason: 'gave up after 3 attempts: gateway closed' })
    t.same(
      script.handed.map(({ attempt }) => attempt),
      [1, 2, 3]
    )
    t.ok(
      times.every((time, index) => index === 0 || time - (times[index - 1] ?? 0) >= 50),
      'never earlier than the interval'
    )
    await crm.waitFor(event => event.type === 'status')
    t.same(plugin.statuses(message.id), ['error'])
  }
)

t.test('a message that the gateway refuses fails at once, with the reason kept', async t => {
  const script = scripted(async () => ({ kind: 'rejected', reason: 'not a number' }))
  const { crm, plugin, settled } = await build(t, script)

  const { message } = await plugin.send(text('1', 'hello'))

  t.match(await settled(message.id), { state: 'failed', attempts: 1, reason: 'not a number' })
  await crm.waitFor(event => event.type === 'status')
  t.same(plugin.statuses(message.id), ['error'])
})

t.test('what a channel wants kept of a message that is refused is kept, and the CRM hears of both', async t => {
  const script = scripted(async ({ contact }) => ({
    kind: 'rejected',
    reason: 'not wanted',
    events: [wrote('note', contact, 'why'), { kind: 'note', name: 'unwanted', value: contact }]
  }))
  const { crm, host, plugin, settled } = await build(t, script)

  const { message } = await plugin.send(text('1', 'hello'))

  t.match(await settled(message.id), { state: 'failed', reason: 'not wanted' })
  t.match(await crm.waitFor(event => event.type === 'incoming'), {
    contact: '1',
    message: { content: { text: 'why' } }
  })
  await crm.waitFor(event => event.type === 'status')
  t.same(plugin.statuses(message.id), ['error'])
  t.match(await host.database.db.select().from(notes), [{ name: 'unwanted', value: { value: '1' } }])
})

t.test('an account that is to rest after a message sends nothing until then, and the message is accepted', async t => {
  const script = scripted(async ({ id, contact }) => ({
    kind: 'accepted',
    ref: `ref-${id}`,
    ...(contact === '1' ? { restMs: 300 } : {})
  }))
  const { host, plugin, settled } = await build(t, script)

  const first = await plugin.send(text('1', 'first'))
  t.match(await settled(first.message.id), { state: 'accepted', attempts: 1 })
  const second = await plugin.send(text('2', 'another conversation'))

  const { settledAt, attempts } = await settled(second.message.id)
  const rested = (await host.database.db.select().from(registrations))[0]?.pausedUntil as Date
  t.ok((settledAt as Date) >= rested)
  t.equal(attempts, 1)
})

t.test('a throttled account waits as a whole, and the attempt is not counted', async t => {
  let open = false
  const script = scripted(async message =>
    open ? taken(message) : { kind: 'throttled', reason: 'too fast', afterMs: 300 }
  )
  const { host, plugin, settled } = await build(t, script)

  const first = await plugin.send(text('1', 'first'))
  await until(
    'the account to be paused',
    async () => (await host.database.db.select().from(registrations))[0]?.pausedUntil ?? false
  )
  open = true
  const calls = script.handed.length
  const second = await plugin.send(text('2', 'another conversation'))

  const [one, two] = [await settled(first.message.id), await settled(second.message.id)]
  t.equal(calls, 1)
  t.match([one.attempts, two.attempts], [1, 1])
  const paused = (await host.database.db.select().from(registrations))[0]?.pausedUntil as Date
  t.ok((two.settledAt as Date) >= paused, 'the other conversation waited too')
})

t.test('a message that may have left is not sent again, but fails as uncertain', async t => {
  const script = scripted(async () => ({ kind: 'unknown', reason: 'no answer' }))
  const { plugin, settled } = await build(t, script)

  const { message } = await plugin.send(text('1', 'hello'))

  t.match(await settled(message.id), { state: 'failed', reason: 'uncertain: it may have been sent (no answer)' })
  t.equal(script.handed.length, 1)
})

t.test('where the gateway drops repetitions, a message that may have left is sent again under the same id', async t => {
  const script = scripted(
    async message => (message.attempt === 1 ? { kind: 'unknown', reason: 'no answer' } : taken(message)),
    { dedupes: true }
  )
  const { plugin, settled } = await build(t, script)

  const { message } = await plugin.send(text('1', 'hello'))

  t.match(await settled(message.id), { state: 'accepted', attempts: 2 })
  t.equal(new Set(script.handed.map(({ id }) => id)).size, 1)
})

t.test('a channel that hangs is cut at its deadline, and other conversations do not wait for it', async t => {
  const script = scripted(message => (message.contact === 'slow' ? new Promise<Outcome>(() => {}) : taken(message)))
  const { plugin, settled } = await build(t, script)

  const slow = await plugin.send(text('slow', 'hello'))
  const quick = await plugin.send(text('quick', 'hello'))

  const [late, early] = [await settled(slow.message.id), await settled(quick.message.id)]
  t.match(early, { state: 'accepted' })
  t.ok((early.settledAt as Date) < (late.settledAt as Date))
  t.match(late, {
    state: 'failed',
    attempts: 3,
    reason: 'gave up after 3 attempts: the channel did not answer in time'
  })
})

t.test('a text that takes too much work fails at once, unless something may have left already', async t => {
  const script = scripted(async ({ contact, content }, { fetch }) => {
    if (contact === '2') await fetch(crm.url).catch(() => {})
    throw Object.assign(new Error(`too much work: ${content?.text}`), { code: 'ERR_TOO_MUCH_WORK' })
  })
  const { crm, plugin, settled } = await build(t, script)
  const { message } = await plugin.send(text('1', 'hello'))
  t.match(await settled(message.id), { state: 'failed', attempts: 1, reason: 'too much work: hello' })
  const { message: begun } = await plugin.send(text('2', 'hello'))
  t.match(await settled(begun.id), { state: 'failed', reason: /may have been sent \(too much work: hello\)/ })
})

t.test('a channel that throws harms only the message it had', async t => {
  const script = scripted(async message => {
    if (message.contact === 'bad') throw new Error('a bug')
    return taken(message)
  })
  const { plugin, settled } = await build(t, script)

  const bad = await plugin.send(text('bad', 'hello'))
  const good = await plugin.send(text('good', 'hello'))

  t.match(await settled(good.message.id), { state: 'accepted' })
  t.match(await settled(bad.message.id), { state: 'failed', reason: 'gave up after 3 attempts: a bug' })
})

t.test('an outcome that is none counts as not known, and harms only its message', async t => {
  const script = scripted(async message => (message.contact === 'bad' ? (undefined as never) : taken(message)))
  const { plugin, settled } = await build(t, script)

  const bad = await plugin.send(text('bad', 'hello'))
  const good = await plugin.send(text('good', 'hello'))

  t.match(await settled(good.message.id), { state: 'accepted' })
  t.match(await settled(bad.message.id), { state: 'failed', reason: /no outcome/ })
})

t.test('a message for a plugin without complete settings waits for them', async t => {
  const { form, group, string } = await import('channel-kit/form')
  const settings = form(
    { title: 'Settings', button: 'Save' },
    { main: group({ title: 'Main' }, { key: string({ title: 'Key' }) }) }
  )
  const script = scripted(taken, { settings })
  const { plugin, host, settled } = await build(t, script, { ...FAST, LV_PLUGIN_CHAT_SEND_ATTEMPTS: '100' })

  const { message } = await plugin.send(text('1', 'hello'))
  await until('a first attempt', async () => (await host.database.db.select().from(messages))[0]?.reason ?? false)
  const saved = await plugin.ask({
    method: 'PUT',
    path: 'protected/data/settings',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ main: { key: 'k' } })
  })

  t.equal(saved.status, 200)
  t.match(await settled(message.id), { state: 'accepted' })
})
