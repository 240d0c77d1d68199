import type { GatewayEvent } from 'channel-kit/event'
import t, { type Test } from 'tap'
import { readConfig } from '../../src/config.ts'
import { startHost } from '../../src/host.ts'
import { reportTo, wrote } from '../conversation-fixture.ts'
import { TEST_SECRETS, until } from '../harness.ts'
import { scripted, text } from '../scripted-channel.ts'
import { apiHost } from './ask.ts'

/** The feed by the API. */

interface Fed extends Record<string, unknown> {
  id: string
  type: string
}

t.test('what happens to messages, contacts and registrations is told in order, and by its cursor once', async t => {
  const { ask, plugin, report, read, received } = await build(t)
  const { message } = await plugin.send(text('anna', 'hello'))
  const ref = `ref-${await received(message.id)}`
  await report(wrote('in-1', 'anna', 'x'.repeat(4_001)), wrote('in-1', 'anna', 'twice in a call'))
  await report(wrote('in-1', 'anna', 'once more'))
  await report({ kind: 'renamed', from: 'anna', to: 'anna b.' }, { kind: 'renamed', from: 'anna', to: 'anna b.' })
  await report({ kind: 'status', ref, status: 'error', reason: 'no such number', code: '131026' })

  const { events, next } = await read('registration=1')
  t.match(events, [
    { type: 'registration.changed', registration: 1, change: 'registered' },
    { type: 'message.sent_elsewhere', source: 'crm', contact: 'anna', crmId: message.id, text: 'hello' },
    { type: 'conversation.held', contact: 'anna', held: true, by: 'crm' },
    { type: 'message.status', contact: 'anna', crmId: message.id, status: 'sent', client: null, cost: null },
    {
      type: 'message.received',
      contact: 'anna',
      ref: 'in-1',
      text: 'x'.repeat(4_000),
      isCut: true,
      attachmentCount: 0
    },
    { type: 'contact.renamed', contact: 'anna', from: 'anna', to: 'anna b.' },
    { type: 'message.status', status: 'error', reason: 'no such number', code: '131026', part: null }
  ])
  t.equal(events.length, 7)
  t.same(await read(`registration=1&after=${next}`), { events: [], next })
  const first = await read('limit=2')
  const rest = await read(`limit=1000&after=${first.next}`)
  t.same([...first.events, ...rest.events], (await read('limit=1000')).events)
  t.same(
    (await read('types=contact.renamed,message.received')).events.map(({ type }) => type),
    ['message.received', 'contact.renamed']
  )
  t.same(await read('after=latest'), { events: [], next: rest.next })
  t.equal((await ask('/registrations/1/pause', { body: { reason: 'a test' } })).status, 200)
  await ask('/registrations/1/resume', { method: 'POST' })
  t.match((await read(`after=${rest.next}`)).events, [
    { type: 'registration.paused', by: 'operator', until: null, reason: 'a test' },
    { type: 'registration.changed', change: 'resumed' }
  ])
})

t.test('a message that failed is told of with its reason, and one that the CRM does not know as well', async t => {
  const { plugin, report, read, received } = await build(t)
  const { message } = await plugin.send(text('anna', 'refuse this'))
  await received(message.id)
  const { next } = await read('types=message.status')
  await report({ kind: 'answer', ref: 'a-1', contact: 'anna', content: { text: 'our own', format: 'text' } })
  const { events } = await until('the answer to be sent', async () => {
    const page = await read(`types=message.status&after=${next}`)
    return page.events.length > 0 && page
  })
  t.match((await read('types=message.status')).events[0], {
    crmId: message.id,
    status: 'error',
    reason: 'as the test wants'
  })
  t.match(events, [{ crmId: null, contact: 'anna', status: 'sent' }])
})

t.test('a long poll is answered by the event that it waits for and by nothing when its time is up', async t => {
  const { read, report } = await build(t)
  const { next } = await read('after=latest')
  const began = performance.now()
  t.same(await read(`after=${next}&wait=1`), { events: [], next })
  t.ok(performance.now() - began > 900)

  const waiting = read(`after=${next}&wait=30&types=message.received`)
  await report(wrote('in-1', 'bob', 'now'))
  t.match((await waiting).events, [{ type: 'message.received', text: 'now' }])
  t.ok(performance.now() - began < 15_000)
})

t.test('a token has ten requests that wait; those of a client that has gone are none', async t => {
  const { read, crowd } = await build(t)
  const { next } = await read('after=latest')
  const leaving = new AbortController()
  const { all, refused } = crowd(next, leaving.signal)
  const { headers, text: words } = await refused
  t.equal(headers.get('retry-after'), '1')
  t.match(words, /10 requests of this token wait already/)
  t.same(await read(`after=${next}&wait=1`), { events: [], next }, 'another token may')
  leaving.abort()
  await Promise.allSettled(all)
  await until('all places to be free', async () => {
    const again = new AbortController()
    const { all: others, refused: one } = crowd(next, again.signal)
    await one
    again.abort()
    const ended = await Promise.allSettled(others)
    return ended.filter(({ status }) => status === 'fulfilled').length === 1
  })
})

t.test('requests that wait are answered when the host stops', async t => {
  const { read, crowd, host } = await build(t)
  const { next } = await read('after=latest')
  const { all, refused } = crowd(next)
  await refused
  await host.close()
  const answers = (await Promise.all(all)).filter(({ status }) => status === 200)
  t.same(
    answers.map(({ text: words }) => JSON.parse(words)),
    Array.from({ length: 10 }, () => ({ events: [], next }))
  )
})

t.test('a token sees its registration alone, and needs the scope; what is no cursor or type is refused', async t => {
  const { ask, token, crm, host, read } = await build(t)
  await crm.register(host.url)
  const stranger = await token({ scopes: ['events'], registrationId: 2 })
  const seen = (await ask('/events', { token: stranger })).json as unknown as { events: Fed[] }
  t.match(seen.events, [{ registration: 2, change: 'registered' }])
  t.equal(seen.events.length, 1)
  t.equal((await ask('/events?registration=1', { token: stranger })).status, 403)
  t.equal((await ask('/events', { token: await token({ scopes: ['read', 'operate'] }) })).status, 403)
  for (const query of ['after=-1', "after=1'", 'after=last', 'types=message', 'types=', 'limit=1001', 'wait=31', 'q=1'])
    t.equal((await ask(`/events?${query}`)).status, 400, query)
  t.same((await read('after=999999999')).next, '999999999')
})

t.test('a cursor goes on after a restart, and the events of an erased contact are gone', async t => {
  const { read, report, host, channels } = await build(t)
  await report(wrote('in-1', 'bob', 'one'))
  const { next } = await read('')
  await host.close()
  const again = await startHost(readConfig(host.environment), { channels })
  t.teardown(() => again.close())
  await report(wrote('in-2', 'bob', 'two'), wrote('in-3', 'carla', 'three'))
  t.match((await read(`after=${next}`)).events, [{ text: 'two' }, { text: 'three' }])
  const { eraseContact } = await import('../../src/messages/erase.ts')
  await eraseContact(again.database, 'bob', { onlyCount: true, secrets: TEST_SECRETS })
  t.equal((await read('types=message.received')).events.length, 3)
  await eraseContact(again.database, 'bob', { onlyCount: false, secrets: TEST_SECRETS })
  t.match((await read('types=message.received')).events, [{ text: 'three' }])
})

t.test('nothing is written where no events are kept', async t => {
  const { read, report, plugin, received } = await build(t, { LV_PLUGIN_EVENTS: '0' })
  await report(wrote('in-1', 'bob'))
  await received((await plugin.send(text('bob', 'hello'))).message.id)
  t.same(await read(''), { events: [], next: '0' })
})

async function build(t: Test, env: NodeJS.ProcessEnv = {}) {
  const { channel } = scripted(
    async ({ id, content }) => {
      const ref = `ref-${id}`
      if (content?.text.startsWith('refuse')) return { kind: 'rejected', reason: 'as the test wants' }
      return { kind: 'accepted', ref, later: [{ afterMs: 0, events: [{ kind: 'status', ref, status: 'sent' }] }] }
    },
    {
      markdowns: { webhook: async (_lookup, { webhookUrl }) => webhookUrl },
      webhook: {
        bodyLimit: 1_000_000,
        verify: async () => ({ kind: 'genuine' }),
        receive: async ({ body }) => ({ reply: { status: 200 }, events: JSON.parse(body.toString()) })
      }
    }
  )
  const channels = [{ channel, path: '/' }]
  const api = await apiHost(t, { channels, env: { LV_PLUGIN_QUOTA_API: '1000', ...env } })
  const plugin = await api.crm.register(api.host.url)
  const { markdown: webhook } = (await plugin.markdownPreview('webhook')).json as { markdown: string }
  const { sql } = api.host.database
  const reader = await api.token({ scopes: ['events'] })
  return {
    ...api,
    channels,
    plugin,
    report: (...events: readonly GatewayEvent[]) => reportTo(webhook, events),
    read: async (query: string) =>
      (await api.ask(`/events?${query}`)).json as unknown as { events: Fed[]; next: string },
    /** Eleven requests of one token that wait, of which one is refused. */
    crowd(next: string, signal?: AbortSignal) {
      const path = `${api.host.url}api/v1/events?after=${next}&wait=30`
      const all = Array.from({ length: 11 }, async () => {
        const answer = await fetch(path, {
          headers: { authorization: `Bearer ${reader}` },
          ...(signal ? { signal } : {})
        })
        return { status: answer.status, headers: answer.headers, text: await answer.text() }
      })
      const refused = Promise.any(
        all.map(async one => {
          const answer = await one
          if (answer.status !== 429) throw new Error('it is not refused')
          return answer
        })
      )
      return { all, refused }
    },
    /** The id of a message that its gateway has answered about. */
    received: (crmId: string) =>
      until('the gateway to answer', async () => {
        const [row] = await sql`select id from messages where crm_id = ${crmId} and settled_at is not null`
        return row && Number(row.id)
      })
  }
}
