import t, { type Test } from 'tap'
import { liveViewers } from '../../src/api/live-viewers.ts'
import { createAuthenticator, revokeToken } from '../../src/api/tokens.ts'
import { NO_METER } from '../../src/metrics/meter.ts'
import { countTraffic } from '../../src/traffic/count-traffic.ts'
import { until } from '../harness.ts'
import { text } from '../scripted-channel.ts'
import { apiHost, CONSOLE_TOKEN } from './ask.ts'

/** The first things that an operator sees: hosts, traffic, and an overview that is live. */

interface Lane {
  count: number
  oldestAt: string | null
}
interface Overview {
  at: string
  hosts: { id: string; version: string; roles: string[]; load: { rssBytes: number; sending: number } }[]
  channels: { channel: string; mounted: boolean; registrations: number; paused: number; waiting: { normal: Lane } }[]
  registrations: { id: number; pauses: object[]; waiting: { normal: Lane; bulk: Lane }; lastMinute: object }[]
  isCut: boolean
}

const log = { warn: () => {} }
const { host, ask, token, crm } = await apiHost(t)
const { sql } = host.database
const [plugin, other] = [await crm.register(host.url), await crm.register(host.url)]
await until('it to be read', async () => {
  const { message } = await plugin.send(text('someone', 'hello'))
  return until('the status', async () => plugin.statuses(message.id).includes('read'))
})
const overview = async (by = CONSOLE_TOKEN) => (await ask('/overview', { token: by })).json as unknown as Overview

/** The events of a stream as they come; ends with it. */
async function watch(t: Test, by: string) {
  const gone = new AbortController()
  t.teardown(() => gone.abort())
  const answer = await fetch(`${host.url}api/v1/overview/live`, {
    headers: { authorization: `Bearer ${by}` },
    signal: gone.signal
  })
  const events: Overview[] = []
  const ended = (async () => {
    let rest = ''
    for await (const chunk of answer.body ?? []) {
      rest += Buffer.from(chunk).toString()
      const blocks = rest.split('\n\n')
      rest = blocks.pop() ?? ''
      for (const block of blocks) {
        const data = /^event: overview\ndata: (.*)$/s.exec(block)?.[1]
        if (data) events.push(JSON.parse(data) as Overview)
      }
    }
  })().catch(() => {})
  return { status: answer.status, type: answer.headers.get('content-type'), events, ended, leave: () => gone.abort() }
}

t.test('a host tells its version, roles and load, and a token of one registration does not learn them', async t => {
  const { json } = await ask('/hosts')
  const items = json.items as unknown as Overview['hosts']
  t.match(items, [{ version: '0.1.0', roles: ['web', 'worker'], load: { sending: 0 } }])
  t.ok((items[0]?.load.rssBytes ?? 0) > 1e6)
  t.equal((await ask('/hosts', { token: await token({ registrationId: 1 }) })).status, 403)
})

t.test('the overview has what waits by lane, and the registrations first that need attention', async t => {
  await ask('/registrations/2/pause', { body: { reason: 'night' } })
  await other.send(text('one', 'held back'))
  await sql`update messages set created_at = now() - interval '1 hour' where registration_id = 2`
  const { channels, registrations, isCut, hosts } = await overview()
  t.equal(hosts.length, 1)
  t.match(
    channels.find(({ channel }) => channel === 'echo'),
    { mounted: true, registrations: 2, paused: 1, waiting: { normal: { count: 1 } } }
  )
  t.match(
    channels.find(({ channel }) => channel === 'form-gallery'),
    { mounted: true, registrations: 0 }
  )
  t.match(registrations, [
    { id: 2, pauses: [{ by: 'operator', reason: 'night' }], waiting: { normal: { count: 1 }, bulk: { count: 0 } } },
    {
      id: 1,
      pauses: [],
      settings: { complete: true, missing: null },
      waiting: { normal: { count: 0, oldestAt: null } }
    }
  ])
  t.equal(isCut, false)
  const own = await overview(await token({ registrationId: 1 }))
  t.match(own, { hosts: [], channels: [{ channel: 'echo', registrations: 1, paused: 0 }], registrations: [{ id: 1 }] })
  t.equal(own.channels.length, 1)
})

t.test('the live overview comes at once, again when something changes, and to each token what it may see', async t => {
  const [all, own] = await Promise.all([watch(t, CONSOLE_TOKEN), watch(t, await token({ registrationId: 1 }))])
  t.match(all, { status: 200, type: /^text\/event-stream/ })
  await until('the first', async () => all.events.length > 0 && own.events.length > 0)
  t.same(
    own.events[0]?.registrations.map(({ id }) => id),
    [1]
  )
  t.same(own.events[0]?.hosts, [])
  await ask('/registrations/2/resume', { method: 'POST' })
  await until('the change', async () => all.events.some(({ channels }) => channels.every(({ paused }) => paused === 0)))
  const texts = own.events.map(({ at: _, ...rest }) => JSON.stringify(rest))
  t.equal(new Set(texts).size, texts.length, 'nothing is told twice')
  t.equal((await watch(t, await token({ scopes: ['operate'] }))).status, 403)
})

t.test('so many viewers are let in of one token and no more, and whoever leaves makes room', async t => {
  const by = await token()
  const viewers = await Promise.all(Array.from({ length: 20 }, () => watch(t, by)))
  t.ok(viewers.every(({ status }) => status === 200))
  t.equal((await watch(t, by)).status, 503)
  t.equal((await watch(t, CONSOLE_TOKEN)).status, 200, 'others are let in')
  viewers[0]?.leave()
  await until('room', async () => {
    const one = await watch(t, by)
    return one.status === 200
  })
  for (const { leave } of viewers) leave()
})

t.test('traffic counts what was accepted and sent by minute, and that of several hosts together', async t => {
  const hosts = [1, 2].map(() => countTraffic({ database: host.database, now: () => new Date(), log }))
  const [a, b] = hosts.map(({ on }) => on(NO_METER))
  if (!a || !b) throw new Error('no counts')
  await crm.register(`${host.url}form-gallery/`)
  a.accepted(3, 'normal', 3)
  b.accepted(3, 'bulk', 4)
  b.settled(3, 'failed')
  b.received(3)
  a.received(999_999)
  await Promise.all(hosts.map(({ close }) => close()))
  interface Traffic {
    step: number
    points: { at: string; accepted: number; sent: number; failed: number; received: number }[]
  }
  const of = async (query: string, by = CONSOLE_TOKEN) =>
    (await ask(`/traffic${query}`, { token: by })).json as unknown as Traffic
  const sum = ({ points }: Traffic): [number, number, number] => {
    const total = (what: 'accepted' | 'failed' | 'received') => points.reduce((all, point) => all + point[what], 0)
    return [total('accepted'), total('failed'), total('received')]
  }
  const hour = await of('?registration=3')
  t.match({ step: hour.step, points: hour.points.length }, { step: 60, points: 60 })
  t.same(sum(hour), [7, 1, 1])
  const gaps = hour.points.slice(1).map(({ at }, index) => Date.parse(at) - Date.parse(hour.points[index]?.at ?? ''))
  t.ok(gaps.every(gap => gap === 60_000))
  const day = await of('?window=day&channel=form-gallery')
  t.match({ step: day.step, points: day.points.length }, { step: 900, points: 96 })
  t.same(sum(day), [7, 1, 1])
  t.ok(sum(await of('', await token({ registrationId: 1 })))[0] < 7)
  t.equal((await ask('/traffic?registration=2', { token: await token({ registrationId: 1 }) })).status, 403)
  t.equal((await ask('/traffic?window=week')).status, 400)
})

t.test('a live overview ends when its token was revoked, and all do when the host closes', async t => {
  const live = liveViewers({
    event: 'overview',
    read: async () => 0,
    failed: error => t.fail(String(error)),
    everyMs: 20,
    checkMs: 40
  })
  const authenticate = createAuthenticator(host.database, CONSOLE_TOKEN)
  const left = await token({ name: 'leaver' })
  const join = (of: string) => {
    const stream = live.join({
      key: of,
      shown: () => ({ at: new Date().toISOString() }),
      may: async () => (await authenticate(of)) !== undefined
    })
    if (!stream) throw new Error('not let in')
    stream.resume()
    return new Promise(resolve => stream.once('end', () => resolve('ended')))
  }
  const [leaver, stayer] = [join(left), join(CONSOLE_TOKEN)]
  t.equal(live.size, 2)
  const [row] = await sql`select id from api_tokens where name = 'leaver'`
  await revokeToken(host.database, Number(row?.id), 'test')
  t.equal(await leaver, 'ended')
  t.equal(live.size, 1)
  live.close()
  t.equal(await stayer, 'ended')
})

t.test('a message for later is scheduled, and does not wait', async t => {
  const notBefore = new Date(Date.now() + 3_600_000).toISOString()
  const items = [{ id: 'later', contact: 'two', text: 'x', class: 'normal', notBefore }]
  await ask('/registrations/1/messages', { body: { items } })
  const { registrations } = await overview()
  t.match(registrations.find(({ id }) => id === 1)?.waiting, { normal: { count: 1, scheduled: 1, oldestAt: null } })
  t.match(await ask('/registrations/1'), { json: { waiting: 1, oldestWaitingAt: null } })
})

t.test('what a host has counted is saved when it closes, and a stream that is open holds nothing up', async t => {
  const { events, ended } = await watch(t, CONSOLE_TOKEN)
  await until('the first', async () => events.length > 0)
  await host.close()
  await ended
  const [row] =
    await sql`select sum(accepted)::int accepted, sum(sent)::int sent from traffic where registration_id = 1`
  t.match(row, { accepted: 2, sent: 1 })
})
