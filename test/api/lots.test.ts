import t from 'tap'
import { until } from '../harness.ts'
import { text } from '../scripted-channel.ts'
import { apiOfLots } from './lot-host.ts'

/** Lots by the API: as the command line shows and changes them. */

t.test('lots are listed and shown, for those who may see their registration', async t => {
  const { ask, token } = await apiOfLots(t)
  const lot = {
    id: 1,
    registration: 1,
    name: 'May',
    state: 'collecting',
    items: 3,
    counts: { waiting: 3 },
    endedAt: null
  }
  t.match((await ask('/lots')).json, { items: [lot], next: null })
  t.match((await ask('/lots?registration=1&state=collecting&limit=1')).json.items, [{ id: 1 }])
  t.same((await ask('/lots?state=failed')).json.items, [])
  t.match((await ask('/lots/1')).json, { ...lot, troubles: [] })
  t.match(await ask('/lots/9'), { status: 404, json: { message: 'There is no such lot' } })

  const stranger = await token({ scopes: ['read', 'operate'], registrationId: 2 })
  t.same((await ask('/lots', { token: stranger })).json.items, [])
  for (const path of ['/lots?registration=1', '/lots/1'])
    t.equal((await ask(path, { token: stranger })).status, 403, path)
  const reader = await token()
  for (const verb of ['process', 'retry', 'cancel']) {
    t.equal((await ask(`/lots/1/${verb}`, { token: stranger, body: {} })).status, 403, verb)
    t.equal((await ask(`/lots/1/${verb}`, { token: reader, body: {} })).status, 403, verb)
    t.equal((await ask(`/lots/9/${verb}`, { body: {} })).status, 404, verb)
  }
  for (const query of ['state=lost', 'id=1', 'registration=x'])
    t.equal((await ask(`/lots?${query}`)).status, 400, query)
  t.equal((await ask('/lots/1/process', { body: { force: true } })).status, 400)
})

t.test('a lot that collects is closed only when that is said, and then goes to its end', async t => {
  const { ask, fake } = await apiOfLots(t)
  t.match(await ask('/lots/1/process', { method: 'POST' }), {
    status: 409,
    json: { message: /^Lot 1 collects until .*; with forceClose it is closed now$/ }
  })
  t.equal((await ask('/lots/1/process', { body: { forceClose: true } })).status, 200)
  await until('the lot to end', async () => (await ask('/lots/1')).json.state === 'finished')
  t.equal(fake.lots()[0]?.finished, true)
  t.match(await ask('/lots/1/process', { body: {} }), { status: 409, json: { message: /has ended: it is finished/ } })
  t.match(await ask('/lots/1/cancel', { method: 'POST' }), {
    status: 409,
    json: { message: /is finished: there is no/ }
  })
  t.match((await ask('/audit?limit=1')).json.items, [
    { action: 'lot.processed', registration: 1, details: { lot: 1, forceClose: true } }
  ])
})

t.test('a message of a lot whose contact is suppressed while it gathers does not leave', async t => {
  const { ask, fake, plugin, sql } = await apiOfLots(t)
  await plugin.send(text('+5511900000002', '/optout all'))
  await until('the directive to be obeyed', async () => (await sql`select from suppressions`).length === 1)
  t.equal((await ask('/lots/1/process', { body: { forceClose: true } })).status, 200)
  await until('the lot to end', async () => (await ask('/lots/1')).json.state === 'finished')
  t.same(
    fake
      .received()
      .map(({ contact }) => contact)
      .toSorted(),
    ['+5511900000001', '+5511900000003']
  )
  const rows = await sql`select state, reason from messages where body ->> 'contact' = '+5511900000002' order by id`
  t.match(rows, [
    { state: 'failed', reason: /^suppressed: the contact is to get no messages/ },
    { state: 'accepted', reason: /directive/ }
  ])
  t.match((await ask('/messages/2')).json.story.at(-2), { kind: 'ended', reason: /^suppressed/ }, 'nothing was tried')
})

t.test('a lot of which nobody wants anything any more is not even opened', async t => {
  const { ask, fake, plugin, sql } = await apiOfLots(t)
  for (const number of [1, 2, 3]) await plugin.send(text(`+551190000000${number}`, '/optout all'))
  await until('the directives to be obeyed', async () => (await sql`select from suppressions`).length === 3)
  t.equal((await ask('/lots/1/process', { body: { forceClose: true } })).status, 200)
  await until('the lot to end', async () => (await ask('/lots/1')).json.state === 'finished')
  t.equal(fake.lots().length, 0)
  t.same(fake.received(), [])
})

t.test('a lot is cancelled, and its messages sent once more as often as is said', async t => {
  const { ask, crm, sql } = await apiOfLots(t)
  t.match(await ask('/lots/1/retry', { method: 'POST' }), { status: 409, json: { message: /has not ended/ } })
  t.match(await ask('/lots/1/cancel', { method: 'POST' }), {
    status: 200,
    json: { state: 'cancelled', counts: { cancelled: 3 }, troubles: Array(3).fill({ state: 'cancelled' }) }
  })
  for (const _ of [1, 2, 3]) await crm.waitFor(event => event.type === 'status' && event.status === 'error')
  t.match((await ask('/lots/1/retry', { body: { dryRun: true } })).json, { dryRun: true, replayed: 3 })
  t.match((await ask('/lots/1/retry', { method: 'POST' })).json, { dryRun: false, replayed: 3 })
  await until('all to be in a new lot', async () => (await sql`select from lot_items where lot_id = 2`).length === 3)
  t.match((await ask('/lots/2/cancel', { method: 'POST' })).status, 200)
  t.match((await ask('/lots/2/retry', { body: { maxRetries: 1 } })).json, { replayed: 0 })
  t.match(
    (await ask('/audit?limit=4')).json.items.map(({ action }) => action),
    ['lot.retried', 'lot.cancelled', 'lot.retried', 'lot.cancelled']
  )
})
