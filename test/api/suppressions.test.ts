import { sql } from 'drizzle-orm'
import t, { type Test } from 'tap'
import { eraseContact } from '../../src/messages/erase.ts'
import { wrote } from '../conversation-fixture.ts'
import { TEST_SECRETS, testHost, until } from '../harness.ts'
import { text } from '../scripted-channel.ts'
import { CONSOLE_TOKEN } from './ask.ts'
import { talkHost } from './talk-host.ts'

/** Suppressions by the API: what contacts do not want is neither accepted nor sent. */

const LIST = '/registrations/1/suppressions'

async function build(t: Test, given: Parameters<typeof talkHost>[1] = {}) {
  const host = await talkHost(t, given)
  const suppress = (contacts: string[], purpose = 'marketing', more: object = {}) =>
    host.ask(LIST, { body: { contacts, purpose, ...more } })
  const lift = (contacts: string[], more: object = {}) =>
    host.ask(LIST, { method: 'DELETE', body: { contacts, ...more } })
  const paused = (isPaused: boolean) =>
    host.ask(`/registrations/1/${isPaused ? 'pause' : 'resume'}`, { body: isPaused ? { reason: 'a test' } : {} })
  return { ...host, suppress, lift, paused }
}

t.test('a contact suppressed for marketing gets none, and all else', async t => {
  const { suppress, post, script, ended, plugin, events } = await build(t)
  t.match((await suppress(['anna', 'anna'], 'marketing', { note: 'asked by phone' })).json, {
    suppressed: 1,
    known: 0,
    cancelled: 0
  })
  t.match((await suppress(['anna'])).json, { suppressed: 0, known: 1 })
  t.match(
    await post(
      { id: 'a', contact: 'anna', purpose: 'marketing' },
      { id: 'b', contact: 'anna' },
      { id: 'c', contact: 'bob', purpose: 'marketing' },
      { id: 'd', contact: 'anna', purpose: 'marketing', text: '' }
    ),
    [
      { id: 'a', result: 'suppressed', messageId: undefined },
      { id: 'b', result: 'accepted' },
      { id: 'c', result: 'accepted' },
      { id: 'd', result: 'invalid' }
    ]
  )
  await Promise.all([ended('b'), ended('c')])
  const { message } = await plugin.send(text('anna', 'from an agent'))
  await until('the agent to be sent', async () => script.texts().includes('from an agent'))
  t.same(script.texts().toSorted(), ['from an agent', 'text b', 'text c'])
  t.ok(message.id)
  t.match((await events('types=contact.suppressed')).events, [
    { contact: 'anna', suppressed: true, purpose: 'marketing', source: 'api' }
  ])
})

t.test('an item that was suppressed may be posted once more under its id when that is lifted', async t => {
  const { suppress, lift, post, ended } = await build(t)
  await suppress(['anna'])
  const item = { id: 'a', contact: 'anna', purpose: 'marketing' }
  t.match(await post(item), [{ result: 'suppressed' }])
  t.match((await lift(['anna', 'nobody'])).json, { lifted: 1 })
  t.match(await post(item), [{ result: 'accepted' }])
  t.equal((await ended('a')).state, 'accepted')
})

t.test('a suppression for all ends what waits, and what the CRM posts later is an error with its reason', async t => {
  const { suppress, paused, post, plugin, row, db, lift, script } = await build(t)
  await paused(true)
  const waiting = (await plugin.send(text('anna', 'waits'))).message.id
  await post(
    { id: 'm', contact: 'anna', purpose: 'marketing' },
    { id: 's', contact: 'anna', notBefore: new Date(Date.now() + 3_600_000).toISOString() },
    { id: 'b', contact: 'bob' }
  )
  t.match((await suppress(['anna'])).json, { suppressed: 1, cancelled: 1 })
  t.match((await suppress(['anna'], 'all')).json, { suppressed: 1, cancelled: 2 })
  await until('the CRM to hear', async () => plugin.statuses(waiting).includes('error'))
  t.match(await row(waiting), {
    state: 'failed',
    reason: /^suppressed: the contact is to get no messages/,
    attempts: 0
  })
  await paused(false)
  const later = (await plugin.send(text('anna', 'later'))).message.id
  await until('the CRM to hear of the later one', async () => plugin.statuses(later).includes('error'))
  t.match(await row(later), {
    state: 'failed',
    reason: /^suppressed/,
    attempts: 0,
    story: [{ kind: 'ended', reason: /^suppressed/ }]
  })
  await until('the other to be sent', async () => script.texts().includes('text b'))
  t.same(script.texts(), ['text b'])
  t.equal(await db.$count(sql`messages`, sql`state = 'waiting'`), 0)

  t.match((await lift(['anna'], { purpose: 'all' })).json, { lifted: 1 })
  await plugin.send(text('anna', 'again'))
  await until('it to be sent again', async () => script.texts().includes('again'))
  t.match(await post({ id: 'x', contact: 'anna', purpose: 'marketing' }), [{ result: 'suppressed' }])
})

t.test('a message in hand when its contact is suppressed is not tried once more', async t => {
  const { gateway, suppress, post, ended, script } = await build(t)
  const called = Promise.withResolvers<void>()
  const answer = Promise.withResolvers<void>()
  gateway.send = async () => {
    called.resolve()
    await answer.promise
    return { kind: 'retry', reason: 'busy', afterMs: 0 }
  }
  await post({ id: 'a', contact: 'anna', purpose: 'marketing' })
  await called.promise
  t.match((await suppress(['anna'])).json, { suppressed: 1, cancelled: 0 })
  answer.resolve()
  t.match(await ended('a'), { state: 'failed', reason: 'suppressed: the contact wants no marketing', attempts: 1 })
  t.equal(script.handed.length, 1)
})

t.test('a number is one contact with its plus and without, and as people write it into lists', async t => {
  const { suppress, post, ask } = await build(t, { channel: { capabilities: PHONES } })
  t.match((await suppress(['+55 (11) 91234-5678', '5511912345678'])).json, { suppressed: 1 })
  t.match(
    await post(
      { id: 'a', contact: '5511912345678', purpose: 'marketing' },
      { id: 'b', contact: '+5511912345678', purpose: 'marketing' }
    ),
    [{ result: 'suppressed' }, { result: 'suppressed' }]
  )
  t.match((await ask(`${LIST}?contact=5511912345678`)).json.items, [{ contact: '+5511912345678', source: 'api' }])
})

t.test('an erased contact stays suppressed, and only a hash is kept of it', async t => {
  const { suppress, host, post, db, lift, ask, events } = await build(t)
  await suppress(['anna', 'bob'], 'marketing', { note: 'about Anna' })
  await eraseContact(host.database, 'anna', { onlyCount: false, secrets: TEST_SECRETS })
  const { rows } = await db.execute(
    sql`select conversation_id, note, name_hash from suppressions where name_hash is not null`
  )
  t.match(rows, [{ conversation_id: null, note: null, name_hash: /^[\w-]{43}$/ }])
  t.match((await ask(LIST)).json.items, [{ contact: 'bob' }, { contact: null, purpose: 'marketing', note: null }])
  t.equal((await events()).events.filter(({ contact }) => contact === 'anna').length, 0)

  const item = (id: string) => ({ id, contact: 'anna', purpose: 'marketing' })
  await until('the key to be known', async () => (await post(item('a')))[0]?.result === 'suppressed')
  t.match((await ask(LIST)).json.items.at(-1), { contact: 'anna' }, 'it has a conversation again')
  await eraseContact(host.database, 'anna', { onlyCount: false, secrets: TEST_SECRETS })
  t.match((await lift(['anna'])).json, { lifted: 1 })
  t.match(await post(item('b')), [{ result: 'accepted' }])
})

t.test('an erased contact that opts in again gets what he wants', async t => {
  const { suppress, host, post, report, plugin, ended } = await build(t)
  await suppress(['anna', 'bob'])
  await suppress(['bob'], 'all')
  for (const contact of ['anna', 'bob'])
    await eraseContact(host.database, contact, { onlyCount: false, secrets: TEST_SECRETS })
  await report(wrote('in-1', 'anna', 'start'), wrote('in-2', 'bob', 'start'))
  const item = (id: string, contact: string) => ({ id, contact, purpose: 'marketing' })
  await until('the key to be known', async () => (await post(item('b', 'bob')))[0]?.result === 'suppressed')
  t.match(await post(item('a', 'anna')), [{ result: 'accepted' }], 'a word lifts marketing')
  await plugin.send(text('bob', '/optin'))
  t.match(await post(item('b', 'bob')), [{ result: 'accepted' }], 'and an agent all')
  t.equal((await ended('b')).state, 'accepted')
})

t.test('a list is read from CSV and given as CSV, and a wrong row costs no other', async t => {
  const { host, ask, suppress } = await build(t)
  const csv = (path: string, body?: string) =>
    fetch(`${host.url}api/v1${LIST}.csv${path}`, {
      headers: {
        authorization: `Bearer ${CONSOLE_TOKEN}`,
        ...(body === undefined ? {} : { 'content-type': 'text/csv' })
      },
      ...(body === undefined ? {} : { method: 'POST', body })
    })
  const given =
    '\ufeffName;Contact;Purpose;Note\r\nAnna;anna;all;"said ""no"""\r\nX;;;\r\nB;bob;;\r\nC;carla;never;\r\n'
  const imported = await csv('?purpose=marketing', given)
  t.match(await imported.json(), {
    suppressed: 2,
    known: 0,
    wrongCount: 2,
    wrong: [
      { line: 3, reason: 'there is no contact' },
      { line: 5, reason: /purpose/ }
    ]
  })
  await suppress(['=HYPERLINK("http://evil")'])
  const answer = await csv('')
  t.equal(answer.headers.get('content-type'), 'text/csv; charset=utf-8')
  const lines = (await answer.text()).trim().split('\n')
  t.match(lines, [
    'contact,purpose,source,at,note',
    /^anna,all,import,20.*Z,"said ""no"""$/,
    /^bob,marketing,import,20.*Z,$/,
    /^"'=HYPERLINK\(""http:\/\/evil""\)",marketing,api,/
  ])
  t.match(await (await csv('?purpose=all', lines.join('\n'))).json(), { suppressed: 0, known: 3, wrongCount: 0 })
  t.match(await (await csv('?purpose=all', 'dora\nemil')).json(), { suppressed: 2 }, 'a bare column')
  for (const [query, body] of [
    ['', 'anna'],
    ['?purpose=never', 'anna'],
    ['?purpose=all', '"open'],
    ['?purpose=all', Array(10_001).fill('x').join('\n')]
  ] as const) {
    const refused = await csv(query, body)
    t.equal(refused.status, 400, await refused.text())
  }
  t.equal((await ask(LIST)).json.items.length, 5)
})

t.test('a long list is read to the letter, piece by piece', async t => {
  const { host, db } = await build(t)
  const body = Array.from({ length: 3_000 }, (_, n) => `контакт 🙂 ${n}`).join('\n')
  const answer = await fetch(`${host.url}api/v1${LIST}.csv?purpose=all`, {
    method: 'POST',
    headers: { authorization: `Bearer ${CONSOLE_TOKEN}`, 'content-type': 'text/csv' },
    body
  })
  t.match(await answer.json(), { suppressed: 3_000, wrongCount: 0 })
  t.equal(await db.$count(sql`conversations`, sql`contact like 'контакт 🙂 %'`), 3_000)
})

t.test('ten thousand contacts are one request, and more are refused', async t => {
  const { suppress, db } = await build(t)
  const contacts = Array.from({ length: 10_001 }, (_, n) => `contact ${n}`)
  t.equal((await suppress(contacts)).status, 400)
  t.match((await suppress(contacts.slice(1))).json, { suppressed: 10_000, known: 0 })
  t.equal(await db.$count(sql`conversations`, sql`suppressed = 'marketing'`), 10_000)
})

t.test('suppressions are of one registration, need their scope, and are in the audit', async t => {
  const { ask, token, suppress } = await build(t)
  await suppress(['anna'])
  const strange = await token({ scopes: ['suppress'], registrationId: 1 })
  const other = await token({ scopes: ['read', 'send', 'bulk', 'events', 'hold', 'operate'] })
  const body = { contacts: ['anna'], purpose: 'all' }
  t.equal((await ask('/registrations/2/suppressions', { token: strange })).status, 403)
  t.equal((await ask('/registrations/2/suppressions', { token: strange, body })).status, 403)
  t.equal((await ask('/registrations/9/suppressions')).status, 404)
  for (const method of ['GET', 'POST', 'DELETE'])
    t.equal((await ask(LIST, { token: other, method, ...(method === 'GET' ? {} : { body }) })).status, 403, method)
  for (const wrong of [
    {},
    { contacts: [] },
    { contacts: ['\0'] },
    { contacts: ['x'.repeat(2_000)] },
    { contacts: 'x' }
  ])
    t.equal((await ask(LIST, { body: { purpose: 'all', ...wrong } })).status, 400, JSON.stringify(wrong).slice(0, 50))
  t.match((await ask('/audit?limit=3')).json.items.slice(2), [
    { action: 'suppressions.added', actor: 'console', registration: 1, details: { suppressed: 1, source: 'api' } }
  ])
  t.notMatch(JSON.stringify((await ask('/audit')).json), 'anna')
})

t.test('contacts that are suppressed by two hosts at once, while messages come, end each message once', async t => {
  const { suppress, host, channels, post, db, script } = await build(t)
  const { CONSOLE_TOKEN, DATABASE_URL } = host.environment
  const second = await testHost(t, { channels, env: { CONSOLE_TOKEN, DATABASE_URL, LV_PLUGIN_SELF_URI: host.url } })
  const contacts = Array.from({ length: 60 }, (_, n) => `c${n}`)
  const bySecond = (names: string[]) =>
    fetch(`${second.url}api/v1${LIST}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${CONSOLE_TOKEN}`, 'content-type': 'application/json' },
      body: JSON.stringify({ contacts: names, purpose: 'marketing' })
    })
  const items = (round: number) =>
    contacts.map(contact => ({ id: `${contact}-${round}`, contact, purpose: 'marketing' }))
  await Promise.all([
    post(...items(1)),
    suppress(contacts),
    bySecond(contacts.toReversed()),
    post(...items(2).toReversed())
  ])
  await until('all to end', async () => (await db.$count(sql`messages`, sql`settled_at is null`)) === 0)
  t.equal(await db.$count(sql`suppressions`), 60)
  const sent = await db.$count(sql`messages`, sql`state = 'accepted'`)
  t.equal(script.handed.length, sent)
  t.match(
    (await post(...items(3))).every(({ result }) => result === 'suppressed'),
    true
  )
})

const PHONES = () => ({
  contactType: 'phone',
  subject: false,
  typing: false,
  formats: ['text' as const],
  incoming: true,
  outgoing: true,
  writeFirst: true,
  statuses: [],
  attachments: []
})
