import { sql } from 'drizzle-orm'
import t from 'tap'
import { talkHost } from '../api/talk-host.ts'
import { wrote } from '../conversation-fixture.ts'
import { until } from '../harness.ts'

/** Customers opt out of marketing by a word, and in again. */

t.test('a customer who writes the word gets no more marketing, and what waited for him ends', async t => {
  const { report, post, told, events, ask, ended } = await talkHost(t)
  await ask('/registrations/1/pause', { body: { reason: 'a test' } })
  await post({ id: 'a', contact: 'anna', purpose: 'marketing' }, { id: 'b', contact: 'anna' })
  await report(wrote('in-1', 'anna', 'Stop.'))
  t.match(await ended('a'), { state: 'failed', reason: 'suppressed: the contact wants no marketing' })
  t.match(await post({ id: 'c', contact: 'anna', purpose: 'marketing' }), [{ result: 'suppressed' }])
  await until('the CRM to get the word', async () => told('anna').length === 1)
  t.same(told('anna'), ['Stop.'])
  await ask('/registrations/1/resume', { body: {} })
  t.equal((await ended('b')).state, 'accepted', 'what is no marketing goes')
  t.match((await events('types=contact.suppressed,message.received')).events, [
    { type: 'message.received', text: 'Stop.' },
    { type: 'contact.suppressed', contact: 'anna', suppressed: true, purpose: 'marketing', source: 'keyword' }
  ])
  await report(wrote('in-2', 'anna', 'СТАРТ'))
  t.match(await post({ id: 'd', contact: 'anna', purpose: 'marketing' }), [{ result: 'accepted' }])
})

t.test('only a whole message is such a word, in every language, and a repeated call is none', async t => {
  const { report, db } = await talkHost(t)
  const out = () => db.$count(sql`suppressions`)
  await report(wrote('in-1', 'a', 'please stop calling'), wrote('in-2', 'b', 'stop it'), wrote('in-3', 'c', 'nonstop'))
  t.equal(await out(), 0)
  await report(
    wrote('in-4', 'd', 'отписаться'),
    wrote('in-5', 'e', 'SAIR'),
    wrote('in-6', 'f', 'odhlásiť'),
    wrote('in-7', 'g', 'Unsubscribe!')
  )
  t.equal(await out(), 4)
  await report(wrote('in-8', 'g', 'start'), wrote('in-7', 'g', 'Unsubscribe!'))
  t.equal(await out(), 3)
})

t.test('a wish that a customer told the gateway is kept to, until he changes it', async t => {
  const { report, post, events, ended, ask } = await talkHost(t)
  const consent = (isGiven: boolean) => ({
    kind: 'consent' as const,
    contact: 'anna',
    purpose: 'marketing' as const,
    isGiven
  })
  await ask('/registrations/1/pause', { body: { reason: 'a test' } })
  await post({ id: 'a', contact: 'anna', purpose: 'marketing' })
  await report(consent(false), consent(false))
  t.match(await ended('a'), { state: 'failed', reason: /^suppressed/ })
  t.match(await post({ id: 'b', contact: 'anna', purpose: 'marketing' }), [{ result: 'suppressed' }])
  await report(consent(true))
  t.match(await post({ id: 'c', contact: 'anna', purpose: 'marketing' }), [{ result: 'accepted' }])
  t.match((await events('types=contact.suppressed')).events, [
    { suppressed: true, source: 'gateway' },
    { suppressed: false, source: 'gateway' }
  ])
})

t.test('what an agent or an operator has suppressed for all is not lifted by a word', async t => {
  const { report, ask, plugin } = await talkHost(t)
  await report(wrote('in-1', 'anna', 'stop'))
  await ask('/registrations/1/suppressions', { body: { contacts: ['anna'], purpose: 'all' } })
  await report(wrote('in-2', 'anna', 'start'))
  t.match((await ask('/registrations/1/suppressions')).json.items, [{ purpose: 'all', source: 'api' }])
  t.equal((await ask('/registrations/1/suppressions')).json.items.length, 1)
  t.ok(plugin)
})

t.test('an admin sets the words and an answer, which is sent once, or turns it all off', async t => {
  const { report, plugin, script, db } = await talkHost(t)
  const save = (optOut: object) => plugin.saveSettings({ optOut })
  t.equal((await save({ outWords: 'basta\nNada Más', answer: 'You hear no more of this.' })).status, 200)
  await report(wrote('in-1', 'anna', 'stop'))
  await report(wrote('in-2', 'anna', 'Nada mas'), wrote('in-3', 'anna', 'BASTA'))
  await until('the answer', async () => script.texts().length > 0)
  await report(wrote('in-4', 'anna', 'basta'))
  t.equal(await db.$count(sql`suppressions`), 1)
  t.equal(await db.$count(sql`messages`), 1, 'one answer')
  t.same(script.texts(), ['You hear no more of this.'])
  t.equal((await save({ enabled: false })).status, 200)
  await report(wrote('in-5', 'bob', 'basta'))
  t.equal(await db.$count(sql`suppressions`), 1)
  t.equal((await save({ outWords: 'x'.repeat(4_001) })).status, 400)
})
