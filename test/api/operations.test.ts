import { sql } from 'drizzle-orm'
import t from 'tap'
import { operationCrons } from '../../src/messages/replay-operations.ts'
import { messages } from '../../src/postgres/schema/messages.ts'
import { until } from '../harness.ts'
import { text } from '../scripted-channel.ts'
import { failedHost, type Operation } from './failed-host.ts'

/** Replays of many messages, which go on in the background. */

t.test('a replay by a piece of the reason goes on in the background, and tells how far it is', async t => {
  const { ask, db, fail, plugin, reach, start } = await failedHost(t, { roles: 'web,worker' })
  const sent = await Promise.all(['one', 'two', 'three'].map(words => plugin.send(text(words, words))))
  await until('all to be read', async () => sent.every(({ message }) => plugin.statuses(message.id).includes('read')))
  await fail(sql`body ->> 'contact' <> 'three'`)
  await db.execute(sql`update messages set state = 'failed', reason = 'another' where body ->> 'contact' = 'three'`)
  const body = { filter: { reason: 'paused' } }

  t.match(await start({ ...body, dryRun: true }), { dryRun: true, total: 2, operation: null })
  const { operation } = await start(body)
  t.match(operation, { kind: 'messages.replay', total: 2, actor: 'console', filter: body.filter, perSecond: null })
  t.match(await reach(operation.id, 'its end', ({ state }) => state === 'done'), {
    seen: 2,
    changed: 2,
    percent: 100,
    error: null
  })
  await until('both to go', async () => (await db.$count(messages, sql`replays = 1 and state = 'accepted'`)) === 2)
  t.equal(await db.$count(messages, sql`state = 'failed'`), 1)
  t.match((await ask('/audit?limit=1')).json.items, [
    { action: 'messages.replayed', details: { operation: operation.id, filter: body.filter, total: 2 } }
  ])
  t.match((await ask('/operations?state=done')).json.items, [{ id: operation.id }])
})

t.test('a replay of ids replays those that failed, and one without matches is done at once', async t => {
  const { db, reach, replays, start, worker } = await failedHost(t, { count: 4 })
  await db.execute(sql`update messages set state = 'waiting', settled_at = null where id = 2`)
  t.match(await start({ filter: { tag: 'none' } }), { total: 0, operation: { state: 'done', percent: 100, total: 0 } })
  worker()
  const { operation } = await start({ ids: [1, 2, 999] })
  t.match(await reach(operation.id, 'its end', ({ state }) => state === 'done'), { total: 1, seen: 1, changed: 1 })
  t.same(await replays(), [1, 0, 0, 0])
})

t.test('a throttled replay is cancelled, what it did stays, and nothing of it goes on', async t => {
  const { ask, find, reach, replays, start, worker } = await failedHost(t, { count: 40 })
  worker()
  const { operation } = await start({ filter: {}, perSecond: 4 })
  t.match(operation, { state: 'running', percent: 0 })
  const { percent } = await reach(operation.id, 'a start', ({ changed }) => changed >= 4)
  t.ok(percent >= 10 && percent < 100)
  const cancel = () => ask(`/operations/${operation.id}/cancel`, { method: 'POST' })
  const { status, json } = await cancel()
  t.match({ status, json }, { status: 200, json: { state: 'cancelled', endedAt: /Z$/ } })
  const { changed } = json as unknown as Operation
  t.ok(changed < 40)
  t.match(await cancel(), { status: 409, json: { message: /is cancelled: there is nothing to cancel/ } })
  const { operation: rest } = await start({ filter: {} })
  await reach(rest.id, 'the rest', ({ state }) => state === 'done')
  t.match(await find(operation.id), { state: 'cancelled', changed })
  t.match(await find(rest.id), { total: 40 - changed, changed: 40 - changed })
  t.same(await replays(), Array(40).fill(1))
  t.match(
    (await ask('/audit?limit=2')).json.items.map(({ action }) => action),
    ['messages.replayed', 'operation.cancelled']
  )
})

t.test('a replay keeps to its messages a second', async t => {
  const { reach, start, worker } = await failedHost(t, { count: 12 })
  worker()
  const { operation } = await start({ filter: {}, perSecond: 4 })
  const { id } = operation
  await reach(id, 'a start', ({ seen }) => seen >= 2)
  const begun = performance.now()
  const { endedAt, createdAt } = (await reach(id, 'its end', ({ state }) => state === 'done')) as unknown as Record<
    'endedAt' | 'createdAt',
    string
  >
  t.ok(performance.now() - begun >= 1_500, 'ten more take their time')
  t.ok(Date.parse(endedAt) > Date.parse(createdAt))
})

t.test('a replay leaves messages alone that are past their time', async t => {
  const { db, reach, replays, start, worker } = await failedHost(t, { count: 4 })
  await db.execute(sql`update messages set expires_at = now() - interval '1 second' where id = 2`)
  worker()
  const { operation, total } = await start({ filter: {} })
  t.equal(total, 3)
  t.match(await reach(operation.id, 'its end', ({ state }) => state === 'done'), { seen: 3, changed: 3 })
  t.same(await replays(), [1, 0, 1, 1])
})

t.test('an operation is removed 30 days after its end, and a running one stays', async t => {
  const { ask, host, start } = await failedHost(t, { count: 1 })
  const { operation: ended } = await start({ filter: { tag: 'none' } })
  const { operation: running } = await start({ filter: {}, perSecond: 1 })
  const { signal: interrupted } = new AbortController()
  const removeAfter = async (days: number) => {
    const now = () => new Date(Date.now() + days * 86_400_000)
    const log = { info: () => {}, error: () => {} }
    for (const { run } of operationCrons({ database: host.database, now, interrupted, log })) await run()
    return (await ask('/operations')).json.items.map(({ id }) => id)
  }
  t.same(await removeAfter(29), [running.id, ended.id])
  t.same(await removeAfter(31), [running.id])
})

t.test('an operation whose registration was removed fails, and says why', async t => {
  const { db, reach, start, worker } = await failedHost(t, { count: 4 })
  const { operation } = await start({ filter: { registration: 1 } })
  await db.execute(sql`delete from registrations where id = 1`)
  worker()
  t.match(await reach(operation.id, 'its end', ({ state }) => state === 'failed'), {
    error: 'its registration was removed'
  })
})

t.test('operations are for their registration, and only so many run at a time', async t => {
  const { ask, start, token } = await failedHost(t, { count: 4 })
  const [own, stranger] = [
    await token({ scopes: ['operate'], registrationId: 1 }),
    await token({ scopes: ['operate'], registrationId: 2 })
  ]
  const replay = (body: object, by?: string) => ask('/messages/replay', { body, ...(by ? { token: by } : {}) })
  t.match(await start({ ids: [1, 2, 3] }, stranger), { total: 0, operation: { state: 'done', registration: 2 } })
  const { operation: all } = await start({ filter: {}, perSecond: 1 })
  const { operation: theirs } = await start({ filter: {}, perSecond: 1 }, own)
  t.match(theirs, { registration: 1 })
  for (const [id, by, status] of [
    [all.id, own, 403],
    [theirs.id, stranger, 403],
    [theirs.id, own, 200]
  ] as const) {
    t.equal((await ask(`/operations/${id}`, { token: by })).status, status)
    t.equal((await ask(`/operations/${id}/cancel`, { token: by, method: 'POST' })).status, status)
  }
  t.match((await ask('/operations', { token: own })).json.items, [{ id: theirs.id }])
  t.equal((await ask('/operations?registration=1', { token: stranger })).status, 403)
  t.match(await ask('/operations/999'), { status: 404, json: { message: 'There is no such operation' } })
  t.match(await replay({ filter: { registration: 999 } }), { status: 404, json: { message: /registration/ } })
  t.equal((await replay({ filter: { registration: 1 } }, stranger)).status, 403)
  t.equal((await replay({ filter: {} }, await token())).status, 403)
  for (const body of [
    {},
    { ids: [1], filter: {} },
    { filter: {}, perSecond: 0 },
    { filter: {}, perSecond: 1_001 },
    { filter: { state: 'waiting' } },
    { ids: Array.from({ length: 1_001 }, (_, n) => n + 1) }
  ])
    t.equal((await replay(body)).status, 400, JSON.stringify(body).slice(0, 40))

  for (let n = 0; n < 3; n += 1) t.equal((await replay({ filter: {} }, own)).status, 200)
  t.match(await replay({ filter: {} }, own), { status: 409, json: { message: /3 operations of this.*or cancel one/ } })
  t.equal((await replay({ filter: {} })).status, 200, 'others are not held up')
})
