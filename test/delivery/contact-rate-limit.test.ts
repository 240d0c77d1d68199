import t from 'tap'
import { nextFree } from '../../src/delivery/contact-rate-limit.ts'
import { conversations } from '../../src/postgres/schema/conversations.ts'
import { registrations } from '../../src/postgres/schema/registrations.ts'
import { talkingHost } from '../conversation-fixture.ts'
import { testHost, until } from '../harness.ts'
import { taken, text } from '../scripted-channel.ts'

const at = (ms: number) => new Date(1_800_000_000_000 + ms)

t.test('a burst goes at once, then one after the other, and what was not used is saved up to a burst only', async t => {
  const pace = { perSecond: 2, burst: 3 }
  let free: Date | null = null
  const sends = Array.from({ length: 12 }, (_, n) => {
    const from = n < 8 ? 0 : 60_000
    const now: Date = free && free > at(from) ? free : at(from)
    free = nextFree(pace, free, now)
    return now.getTime() - at(0).getTime()
  })
  t.same(sends, [0, 0, 0, 500, 1_000, 1_500, 2_000, 2_500, 60_000, 60_000, 60_000, 60_500])
})

t.test('an account writes to one contact no faster than its channel allows, and to the others meanwhile', async t => {
  const times = new Map<string, number[]>()
  const { plugin, script } = await talkingHost(
    t,
    async message => {
      times.set(message.contact, [...(times.get(message.contact) ?? []), performance.now()])
      return taken(message)
    },
    { channel: { limits: () => ({ perContact: { perSecond: 5, burst: 2 } }) } }
  )
  await Promise.all(Array.from({ length: 7 }, (_, n) => plugin.send(text('busy', `${n}`))))
  await until('the burst', async () => (times.get('busy')?.length ?? 0) >= 2)
  await plugin.send(text('other', 'hello'))
  await until('the other', async () => times.has('other'))
  t.ok((times.get('busy')?.length ?? 0) < 7, 'it did not wait for them')
  await until('all', async () => script.handed.length === 8)

  const busy = times.get('busy') ?? []
  for (const [index, time] of busy.entries())
    t.ok(time - (busy[0] ?? 0) >= (index - 1) * 200 - 20, `number ${index} after ${time - (busy[0] ?? 0)} ms`)
})

t.test('a pace holds for a conversation that was idle meanwhile, and on another host', async t => {
  // So slow that another host has started before the second message may go.
  const channel = { limits: () => ({ perContact: { perSecond: 0.1, burst: 1 } }) }
  const { host, db, plugin, post, reach, script, channels } = await talkingHost(t, taken, { channel })
  const { story } = await reach(await post('1', 'first'), 'accepted')
  t.match(await db.select().from(conversations), [{ sendingDue: null }])
  await host.close()
  await testHost(t, { channels, env: { ...host.environment } })
  await plugin.send(text('1', 'second'))
  await plugin.send(text('2', 'another'))
  await until('all', async () => script.handed.length === 3)

  t.same(script.texts(), ['first', 'another', 'second'])
  t.ok(Date.now() - Date.parse(story[0]?.at ?? '') >= 10_000)
})

t.test('saving settings ends a pause, since the admin may have mended what it was for', async t => {
  let broken = true
  const { db, plugin, post, reach } = await talkingHost(t, async message =>
    broken ? { kind: 'throttled', reason: 'the token is over', afterMs: 3_600_000 } : taken(message)
  )
  const id = await post('1', 'hello')
  await until('the pause', async () => (await db.select().from(registrations))[0]?.pausedUntil ?? false)
  await until('nobody to have it', async () => (await db.select().from(registrations))[0]?.sendingHost === null)
  broken = false
  t.match(await plugin.saveSettings({ main: {} }), { status: 200 })
  t.match(await reach(id, 'accepted'), { attempts: 1 })
  t.match((await db.select().from(registrations))[0], { pausedUntil: null })
})
