import type { OpenLot, PreparedItem } from 'channel-kit/lots'
import { Unanswered } from 'channel-kit/unanswered'
import t, { type Test } from 'tap'
import phoneChannel from '../src/channel.ts'
import emailChannel from '../src/email.ts'
import type { PhoneTools } from '../src/settings.ts'
import { gateway, outgoing } from './tools.ts'

const MOBILE = '+5548999999999'
const { lots } = phoneChannel

async function lotOf(text: string, tools: PhoneTools, more: Partial<OpenLot> = {}): Promise<OpenLot & PreparedItem> {
  const made = await lots?.prepare(outgoing(MOBILE, text), tools)
  if (made?.kind !== 'item') throw new Error(`it is ${made?.kind}`)
  return { ...made, id: '1', items: 1, doubtful: false, ref: '9001', ...more }
}

for (const profile of ['current', 'readme-2.0'] as const)
  t.test(`a lot is opened, filled and closed by the profile ${profile}, of messages and of e-mails`, async t => {
    const fake = await gateway(t, { profile })
    const tools = fake.phone()
    const lot = await lotOf('Oi', tools)
    t.match(await lots?.open(lot, tools), {
      kind: 'opened',
      ref: '9001',
      cost: { unit: 'message', category: 'sms', amount: 0.05, currency: 'BRL' }
    })
    t.same(await lots?.add(lot, [lot.item], tools), { kind: 'added' })
    t.same(await lots?.close(lot, tools), { kind: 'closed' })
    t.same(fake.lots()[0]?.body, {
      name: 'Chat',
      startDate: '2026-06-16T09:00:00.000-03:00',
      endDate: '2026-06-17T09:00:00.000-03:00',
      user: 'system',
      idQuotaSettings: 85_730,
      idServiceSettings: 5018
    })

    const mail = emailChannel.lots
    const made = await mail?.prepare(
      outgoing('ana@example.com', '/campaign May\nHi', { subject: 'Bill' }),
      fake.email()
    )
    if (made?.kind !== 'item') throw new Error('no item')
    const mailLot = { ...made, id: '2', items: 1, doubtful: false, ref: '9002' }
    t.same(await mail?.open(mailLot, fake.email()), { kind: 'opened', ref: '9002' })
    t.same(await mail?.add(mailLot, [made.item], fake.email()), { kind: 'added' })
    t.same(await mail?.close(mailLot, fake.email()), { kind: 'closed' })
    t.match(fake.lots()[1], { kind: 'email', body: { name: 'May', crmId: 1, bookBusinessForeignId: '11002' } })
    t.same(fake.violations(), [])
  })

t.test('the quota of a lot is that of the month in which it is to be sent', async t => {
  const fake = await gateway(t)
  fake.store.months.set('202607 5018', 90_000)
  const july = new Date('2026-07-01T03:00:00Z')
  const lot = await lotOf('Oi', fake.phone())
  await lots?.open(lot, fake.phone({}, july))
  t.match(fake.lots()[0]?.body, { idQuotaSettings: 90_000, startDate: /^2026-07-01T00:00/ })

  const later = await lotOf('/schedule 2026-07-02 08:00\nOi', fake.phone())
  await lots?.open(later, fake.phone())
  t.match(fake.lots()[1]?.body, { idQuotaSettings: 90_000, startDate: '2026-07-02T08:00:00.000-03:00' })
  const [now, then] = [lot.key, (await lotOf('Oi', fake.phone({}, july))).key]
  t.not(JSON.stringify(now), JSON.stringify(then), 'a lot does not gather over the end of a month')
})

t.test('a route that is refused, gone or without quota pauses the account', async t => {
  const fake = await gateway(t)
  const opens = async (route: string) => {
    const tools = fake.phone({ route: { route: [route] } })
    return lots?.open(await lotOf('Oi', tools), tools)
  }
  t.match(await opens('5019'), { kind: 'throttled', reason: /has no quota/ })
  t.match(await opens('5020'), { kind: 'throttled', reason: /has no quota/ })
  t.match(await opens('1'), { kind: 'throttled', reason: /is not there any more/ })
  fake.faults.plan('create', { kind: 'status', status: 400, body: { messages: ['Não há rota padrão configurada'] } })
  t.match(await opens('5018'), { kind: 'throttled' })
  fake.faults.plan('routes', { kind: 'status', status: 403 })
  t.match(await opens('5018'), { kind: 'throttled' })
  fake.faults.plan('routes', { kind: 'drop-after' })
  t.match(await opens('5018'), { kind: 'retry' }, 'asking for routes has no effect')
  t.same(fake.lots(), [])
})

t.test('each step says what its answer means', async t => {
  const fake = await gateway(t)
  const tools = fake.phone()
  const lot = await lotOf('Oi', tools)
  for (const shape of ['id', 'idLot', 'idLotEmail', 'text'] as const) {
    fake.faults.plan('create', { kind: 'shape', shape })
    t.match(await lots?.open(lot, tools), { kind: 'opened', ref: String(9_000 + fake.lots().length) })
  }
  fake.faults.plan('create', { kind: 'answer', body: '<html>' })
  t.match(await lots?.open(lot, tools), { kind: 'unknown' })

  t.match(await lots?.add(lot, [lot.item, { contract: '' }], tools), {
    kind: 'rejected',
    reason: /'Contract' must not be/
  })
  t.match(await lots?.add({ ...lot, ref: '1' }, [lot.item], tools), { kind: 'refused', reason: 'There is no such lot' })
  fake.faults.plan('add', { kind: 'answer', body: 'false' })
  t.match(await lots?.add(lot, [lot.item], tools), { kind: 'rejected' })
  fake.faults.plan('add', { kind: 'status', status: 429, headers: { 'retry-after': '7' } })
  t.match(await lots?.add(lot, [lot.item], tools), { kind: 'throttled', afterMs: 7_000 })
  fake.faults.plan('add', { kind: 'drop-after' })
  await t.rejects(async () => lots?.add(lot, [lot.item], tools), 'the host reads it as unknown')

  t.match(await lots?.close(lot, tools), { kind: 'closed' })
  t.match(await lots?.close(lot, tools), { kind: 'refused' })
  t.match(await lots?.close({ ...lot, doubtful: true }, tools), { kind: 'closed' }, 'an earlier call had closed it')
})

t.test('a message alone goes by the invoice', async t => {
  const fake = await gateway(t)
  const send = (text: string, tools = fake.phone()) => phoneChannel.send(outgoing(MOBILE, text), tools)
  t.match(await send('/schedule 2026-06-17 08:00\nOi'), {
    kind: 'accepted',
    ref: 'single-7',
    later: [{ afterMs: 0, events: [{ status: 'sent' }] }]
  })
  t.match(fake.store.invoices[0]?.item, {
    crmId: 1,
    idServiceSettings: 5018,
    schedule: '2026-06-17T08:00:00',
    text: 'Oi'
  })
  t.match(await send('/cpf 1\nOi'), { kind: 'rejected' })
  fake.faults.plan('invoice', { kind: 'status', status: 401 })
  t.match(await send('Oi'), { kind: 'throttled' })
  t.match(await emailChannel.send(outgoing('a@example.com', 'Hi', { subject: 'S', id: '8' }), fake.email()), {
    ref: 'single-8'
  })
  t.same(await lots?.prepare(outgoing(MOBILE, 'Oi'), fake.phone({ lots: { mode: ['single'] } })), { kind: 'alone' })
  t.same(fake.violations(), [])
})

t.test('calls carry the headers and the token of the settings', async t => {
  const fake = await gateway(t)
  await phoneChannel.send(
    outgoing(MOBILE, 'Oi'),
    fake.phone({ connection: { bearer: 'secret', headers: 'X-Company: 12\nbad' } })
  )
  t.match(headersOfLast(fake), { authorization: 'Bearer secret', 'x-company': '12', 'user-agent': 'chat-plugin-host' })
})

const headersOfLast = ({ store }: Awaited<ReturnType<typeof gateway>>) => store.calls.at(-1)?.headers

t.test('the form warns of a route by which nothing can go', async t => {
  const fake = await gateway(t)
  const phone = (changes = {}) => phoneChannel.markdowns?.route?.({ dep: null, context: null }, fake.phone(changes))
  const email = (changes = {}) => emailChannel.markdowns?.route?.({ dep: null, context: null }, fake.email(changes))
  t.match(await phone(), /^[^*]+ left$/)
  t.match(await phone({ route: { route: [] } }), 'No route is saved yet.')
  t.match(await phone({ route: { route: ['5020'] } }), /^\*\*This route has no quota left.*\*\*\n\n.+no quota$/)
  t.match(await email({ route: { route: ['5020'] } }), /^\*\*This route has no quota left/)
  t.notMatch(await email({ route: { route: ['5019'] } }), /\*/, 'a lot of e-mails needs no id of a quota')
  t.match(await phone({ route: { route: ['1'] } }), '**The API has no such route**')
  fake.faults.plan('routes', { kind: 'status', status: 503 })
  t.match(await phone(), /^The routes cannot be looked up: .*503/)
})

t.test('saving asks for the routes, and says at which field something is wrong', async t => {
  const fake = await gateway(t)
  const check = (changes = {}) => phoneChannel.check?.(fake.phone(changes))
  t.same(await check(), {})
  t.same(await check({ route: { route: [] } }), {}, 'the routes can only be chosen once it is saved')
  t.same(await check({ route: { route: ['5020'] } }), {}, 'one without a quota may have one tomorrow')
  const email = (route: string) => emailChannel.check?.(fake.email({ route: { route: [route] } }))
  t.same(await email('5019'), {}, 'a lot of e-mails needs no id of a quota')
  t.match(await check({ route: { route: ['1'] } }), { 'route.route': ['The API has no such route'] })
  t.match(await check({ route: { operatorCpf: '123' } }), { 'route.operatorCpf': ['This is no CPF'] })
  const pasted = '\u200b529.982.247\u201125'
  t.same(await check({ route: { operatorCpf: pasted } }), {}, 'as it is pasted')
  t.match((await lotOf('Oi', fake.phone({ route: { operatorCpf: pasted } }))).key, { operator: '52998224725' })
  t.match(await check({ connection: { headers: 'bad' } }), {
    'connection.headers': ['"bad" is no header that can be set']
  })
  t.match(await check({ connection: { timeZone: 'Mars' } }), { 'connection.timeZone': ['There is no such time zone'] })
  t.match(await check({ templates: { body: 'x\ny: {{' } }), {
    'templates.body': ['Line 1: a line is written code: text', /^Line 2: the template is broken/]
  })
  fake.faults.plan('routes', { kind: 'status', status: 401, body: { messages: ['Unauthorized'] } })
  t.match(await check(), { 'connection.apiUrl': ['The API refuses: Unauthorized'] })
  fake.faults.plan('routes', { kind: 'status', status: 503 })
  t.same(await check(), {}, 'an API that is away keeps nobody from saving')
})

t.test('routes are found by a text and by their ids, with price and quota', async (t: Test) => {
  const fake = await gateway(t)
  const find = (search: object, changes = {}) =>
    phoneChannel.autocompletes?.routes?.(
      { dep: [['sms'], 1, '11002'], context: null, ...search } as never,
      fake.phone(changes) as never
    )
  t.match(await find({ text: '' }), {
    5018: { title: 'Main - Carrier (R$ 0.05), 1000000 left', group: 'Routes' },
    5019: { title: /no quota$/ }
  })
  t.same(Object.keys((await find({ text: 'USED' })) ?? {}), ['5020'])
  t.same(Object.keys((await find({ keys: ['5018', '7'] })) ?? {}), ['5018'])
  t.same(await find({ text: '', dep: [null, null, null] }), {})
  const without = { toString: null, valueOf: null }
  t.same(await find({ text: '', dep: [['sms'], without, without] }), {}, 'nothing is asked for by what is no text')
  t.same(await find({ text: '' }, { connection: { apiUrl: '' } }), {})
  fake.faults.plan('routes', { kind: 'status', status: 503 })
  const away = await find({ keys: ['5018'] })?.catch((error: unknown) => error)
  t.ok(away instanceof Unanswered, 'nobody can say')
})

t.test('an e-mail that waits for its time goes in a lot, since alone it could not', async t => {
  const fake = await gateway(t)
  const { prepare, limits } = emailChannel.lots ?? (t.fail('no lots') as never)
  const prepared = (text: string, mode: string) =>
    prepare(outgoing('ana@example.com', text, { subject: 'Bill' }), fake.email({ lots: { mode: [mode] } }))
  const scheduled = '/schedule 2026-06-17 08:00\nHi'
  t.same(await prepared('Hi', 'single'), { kind: 'alone' })
  const made = (await prepared(scheduled, 'single')) as PreparedItem
  t.equal(made.kind, 'item')
  const { settings } = fake.email({ lots: { mode: ['auto'] } })
  t.equal(limits(settings, made.key).single, false)
  t.equal(limits(settings, ((await prepared('Hi', 'auto')) as PreparedItem).key).single, true)
})
