import { sql } from 'drizzle-orm'
import t from 'tap'
import { wrote } from '../conversation-fixture.ts'
import { until } from '../harness.ts'
import { text } from '../scripted-channel.ts'
import { talkHost } from './talk-host.ts'

/** Holds: while a person talks with a contact, nothing automatic that asks for it is sent. */

const holdOf = (contact: string, registration = 1) =>
  `/registrations/${registration}/conversations/${encodeURIComponent(contact)}/hold`

t.test('a line of an agent holds the conversation, and only items that ask for it are skipped', async t => {
  const { ask, plugin, post, ended, script, events } = await talkHost(t)
  t.match((await ask(holdOf('anna'))).json, { held: false, by: null, until: null, reason: null })
  await plugin.send(text('anna', 'hello'))
  const { json } = await ask(holdOf('anna'))
  t.match(json, { contact: 'anna', held: true, by: 'crm', reason: null })
  const hours = (Date.parse(String((json as unknown as { until: string }).until)) - Date.now()) / 3_600_000
  t.ok(hours > 11.9 && hours <= 12, `held for ${hours} hours`)

  await post(
    { id: 'a', contact: 'anna', ifNotHeld: true },
    { id: 'b', contact: 'anna' },
    { id: 'c', contact: 'bob', ifNotHeld: true }
  )
  t.match(await ended('a'), { state: 'failed', status: 'error', reason: 'skipped: held', attempts: 0 })
  t.equal((await ended('b')).state, 'accepted')
  t.equal((await ended('c')).state, 'accepted')
  await plugin.send(text('anna', 'one more'))
  await until('all to be sent', async () => script.handed.length === 4)
  t.same(script.texts().toSorted(), ['hello', 'one more', 'text b', 'text c'])
  t.match((await events('types=conversation.held')).events, [{ contact: 'anna', held: true, by: 'crm' }])
  t.match(
    (await events('types=message.status')).events.find(({ clientId }) => clientId === 'a'),
    {
      status: 'error',
      reason: 'skipped: held'
    }
  )
  t.match((await events('types=message.sent_elsewhere')).events, [
    { source: 'crm', contact: 'anna', text: 'hello', ref: null },
    { source: 'crm', contact: 'anna', text: 'one more', attachmentCount: 0 }
  ])
})

t.test('an API client holds a conversation until a time or until it ends the hold', async t => {
  const { ask, post, ended, db, events, script } = await talkHost(t)
  const put = (contact: string, body: object) => ask(holdOf(contact), { method: 'PUT', body })
  t.match((await put('anna', { reason: 'an agent was asked' })).json, { held: true, by: 'api', until: null })
  t.match((await ask(holdOf('anna'))).json, { held: true, by: 'api', until: null, reason: 'an agent was asked' })
  await post({ id: 'a', contact: 'anna', ifNotHeld: true })
  t.equal((await ended('a')).reason, 'skipped: held')

  const soon = new Date(Date.now() + 3_600_000).toISOString()
  t.match((await put('anna', { until: soon, reason: 'a call' })).json, { until: soon })
  t.match((await ask(holdOf('anna'), { method: 'DELETE' })).json, { held: false })
  t.match((await ask(holdOf('anna'), { method: 'DELETE' })).json, { held: false })
  t.match((await ask(holdOf('nobody'), { method: 'DELETE' })).json, { held: false })
  await post({ id: 'b', contact: 'anna', ifNotHeld: true })
  t.equal((await ended('b')).state, 'accepted')

  await put('anna', { until: soon, reason: 'a call' })
  await db.execute(sql`update conversations set held_until = now() - interval '1 second'`)
  t.match((await ask(holdOf('anna'))).json, { held: false })
  await post({ id: 'c', contact: 'anna', ifNotHeld: true })
  t.equal((await ended('c')).state, 'accepted')
  t.same(script.texts(), ['text b', 'text c'])
  t.match((await events('types=conversation.held')).events, [
    { held: true, by: 'api', until: null, reason: 'an agent was asked' },
    { held: true, until: soon, reason: 'a call' },
    { held: false, by: 'api' },
    { held: true }
  ])
  t.equal((await put('anna', { reason: 'x', until: '2020-01-01T00:00:00Z' })).status, 400)
  for (const body of [{}, { reason: '' }, { reason: 'x'.repeat(501) }, { reason: 'x', until: 'never' }])
    t.equal((await put('anna', body)).status, 400, JSON.stringify(body).slice(0, 40))
})

t.test('a hold ends by itself after as many hours as the settings say, and none is made where they say 0', async t => {
  const { plugin, ask, post, ended, db } = await talkHost(t)
  const save = (hours: number) => plugin.saveSettings({ automation: { humanHold: hours } })
  t.equal((await save(1)).status, 200)
  await plugin.send(text('anna', 'hello'))
  const { json } = await ask(holdOf('anna'))
  const minutes = (Date.parse(String((json as unknown as { until: string }).until)) - Date.now()) / 60_000
  t.ok(minutes > 59 && minutes <= 60, `held for ${minutes} minutes`)
  t.equal((await save(0)).status, 200)
  await plugin.send(text('bob', 'hello'))
  t.match((await ask(holdOf('bob'))).json, { held: false })
  await post({ id: 'a', contact: 'bob', ifNotHeld: true })
  t.equal((await ended('a')).state, 'accepted')
  t.equal((await save(721)).status, 400)
  t.equal(await db.$count(sql`conversations`, sql`held_until is not null`), 1)
})

t.test('an item is not sent if somebody has written since the event that its client had read', async t => {
  const { report, post, ended, events, plugin, script, gateway } = await talkHost(t)
  await report(wrote('in-1', 'anna', 'a question'))
  const [asked] = (await events('types=message.received')).events
  const after = { ifNoneAfter: String(asked?.id), contact: 'anna' }
  await post({ id: 'a', ...after })
  t.equal((await ended('a')).state, 'accepted', 'its own line is no line of a person')
  await post({ id: 'b', ...after })
  t.equal((await ended('b')).state, 'accepted')

  await report(wrote('in-2', 'bob', 'from somebody else'), wrote('in-1', 'anna', 'a repeated call'))
  await post({ id: 'c', ...after })
  t.equal((await ended('c')).state, 'accepted')
  await report(wrote('in-3', 'anna', 'one more question'))
  await post({ id: 'd', ...after })
  t.match(await ended('d'), { state: 'failed', reason: 'skipped: somebody has written since', attempts: 0 })
  const next = (await events('types=message.received')).events.at(-1)
  const again = { ifNoneAfter: String(next?.id), contact: 'anna' }
  await plugin.send(text('anna', 'an agent was faster'))
  await post({ id: 'e', ...again })
  t.match(await ended('e'), { state: 'failed', reason: 'skipped: somebody has written since' })

  const last = (await events('types=message.sent_elsewhere')).events.at(-1)
  const [called, written] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  gateway.send = async () => {
    called.resolve()
    await written.promise
    return { kind: 'retry', reason: 'busy', afterMs: 0 }
  }
  await post({ id: 'f', contact: 'anna', ifNoneAfter: String(last?.id) })
  await called.promise
  await report(wrote('in-4', 'anna', 'and another'))
  written.resolve()
  t.match(await ended('f'), { reason: 'skipped: somebody has written since', attempts: 1 }, 'each attempt looks again')
  t.equal(script.texts().filter(words => words === 'text f').length, 1)
})

t.test('a line of the business on its own phone holds the conversation, and one of the channel does not', async t => {
  const { report, ask, post, ended, events, told } = await talkHost(t)
  await report(wrote('in-1', 'anna', 'a question'))
  const [asked] = (await events('types=message.received')).events
  await report({ ...wrote('n-1', 'anna', '[Not delivered: no such number]'), by: 'channel' })
  t.match((await ask(holdOf('anna'))).json, { held: false })
  await post({ id: 'a', contact: 'anna', ifNotHeld: true, ifNoneAfter: String(asked?.id) })
  t.equal((await ended('a')).state, 'accepted')

  await report({ ...wrote('e-1', 'anna', 'stop'), by: 'business', hidden: true })
  t.match((await ask(holdOf('anna'))).json, { held: true, by: 'phone' })
  await post(
    { id: 'b', contact: 'anna', ifNotHeld: true },
    { id: 'c', contact: 'anna', ifNoneAfter: String(asked?.id) }
  )
  t.equal((await ended('b')).reason, 'skipped: held')
  t.equal((await ended('c')).reason, 'skipped: somebody has written since')
  await until('the CRM to hear of the others', async () => told('anna').length === 2)
  t.same(told('anna'), ['a question', '[Not delivered: no such number]'])
  t.match((await events('types=message.received,message.sent_elsewhere,contact.suppressed')).events, [
    { type: 'message.received', text: 'a question' },
    { type: 'message.sent_elsewhere', source: 'phone', text: 'stop', ref: 'e-1', crmId: null }
  ])
})

t.test('an item whose event is not kept any more, or is none, is not sent', async t => {
  const { post, ended, report, db, events } = await talkHost(t)
  await report(wrote('in-1', 'anna'), wrote('in-2', 'bob'))
  const [anna] = (await events('types=message.received')).events
  await db.execute(
    sql`delete from events where conversation_id = (select id from conversations where contact = 'anna') or position < ${anna?.id}`
  )
  await post({ id: 'a', contact: 'anna', ifNoneAfter: String(Number(anna?.id) - 1) })
  t.match(await ended('a'), { state: 'failed', reason: 'skipped: somebody has written since' })
  for (const ifNoneAfter of ['0', '-1', 'latest', '1e3', 5])
    t.match(await post({ id: 'w', contact: 'anna', ifNoneAfter }), [{ result: 'invalid' }], String(ifNoneAfter))
  t.match(await post({ id: 'w', contact: 'anna', ifNoneAfter: '999999999' }), [
    { result: 'invalid', reason: 'ifNoneAfter: there is no such event' }
  ])
  const tooLate = new Date(Date.now() + 8 * 86_400_000).toISOString()
  t.match(await post({ id: 'w', contact: 'anna', ifNoneAfter: '1', notBefore: tooLate }), [
    { result: 'invalid', reason: /events are not kept/ }
  ])
})

t.test('a condition on events is invalid where the host keeps none', async t => {
  const { post } = await talkHost(t, { env: { LV_PLUGIN_EVENTS: '0' } })
  t.match(await post({ id: 'a', contact: 'anna', ifNoneAfter: '1' }), [
    { result: 'invalid', reason: /keeps no events/ }
  ])
})

t.test('holds are of one registration and need their scope, and the audit names no contact', async t => {
  const { ask, token, plugin, crm, host } = await talkHost(t)
  await crm.register(host.url)
  await plugin.send(text('anna', 'hello'))
  const strange = await token({ scopes: ['hold'], registrationId: 2 })
  const other = await token({ scopes: ['read', 'send', 'bulk', 'events', 'suppress', 'operate'] })
  for (const method of ['GET', 'PUT', 'DELETE']) {
    const body = method === 'PUT' ? { body: { reason: 'x' } } : {}
    t.equal((await ask(holdOf('anna'), { method, token: strange, ...body })).status, 403)
    t.equal((await ask(holdOf('anna'), { method, token: other, ...body })).status, 403)
    t.equal((await ask(holdOf('anna', 9), { method, ...body })).status, 404)
  }
  await ask(holdOf('anna'), { method: 'PUT', body: { reason: 'mine' } })
  await ask(holdOf('anna'), { method: 'DELETE' })
  const audit = (await ask('/audit?limit=2')).json
  t.match(audit.items, [
    { action: 'conversation.released' },
    { action: 'conversation.held', details: { reason: 'mine' } }
  ])
  t.notMatch(JSON.stringify(audit), 'anna')
})
