import type { LookupTools } from 'channel-kit/channel'
import t from 'tap'
import { Value } from 'typebox/value'
import mobiletech from '../src/channel.ts'
import { Settings } from '../src/settings.ts'
import { type Change, toolsOf } from './gateway-fixture.ts'

const LIVE = { url: 'https://sms.example/', servId: '1700', shortNumber: '8800', billkey: 'AZ19' }

const checked = async (change: Change) => mobiletech.check?.(toolsOf(change))

const saved = (groups: Change) =>
  Value.Check(Settings, { gateway: {}, text: {}, autoReply: {}, templates: {}, webhook: {}, ...groups })

t.test('the form has the fields that are promised', async t => {
  const fields = Object.entries(Settings.properties).map(([name, { properties }]) => [name, Object.keys(properties)])
  t.same(Object.fromEntries(fields), {
    gateway: [
      'mode',
      'url',
      'bearer',
      'servId',
      'projectId',
      'shortNumber',
      'billkey',
      'replyWindow',
      'defaultOperator'
    ],
    text: ['overflow', 'transliterate'],
    autoReply: ['keyword', 'template'],
    templates: ['templates'],
    webhook: ['url']
  })
})

t.test('whether messages leave is said by the admin, and by nobody else', async t => {
  t.notOk(saved({}))
  t.notOk(saved({ gateway: { mode: [] } }))
  t.notOk(saved({ gateway: { mode: ['mock', 'live'] } }))
  t.notOk(saved({ gateway: { mode: ['maybe'] } }))
  t.ok(saved({ gateway: { mode: ['mock'] } }))
  t.ok(saved({ gateway: { mode: ['live'] } }))
  t.notHas(Settings.properties.gateway.properties.mode, { default: [] })
})

t.test('a trial needs nothing else, and going live needs what the gateway wants', async t => {
  t.same(await checked({ gateway: { mode: ['mock'] } }), {})
  t.same(await checked({ gateway: { mode: ['live'], ...LIVE } }), {})
  t.same(await checked({ gateway: { mode: ['live'], url: ' ' } }), {
    'gateway.url': ['This is needed to go live'],
    'gateway.servId': ['This is needed to go live'],
    'gateway.shortNumber': ['This is needed to go live'],
    'gateway.billkey': ['This is needed to go live']
  })
  for (const url of ['sms.example', 'ftp://sms.example/', 'https://', 'https://user:password@sms.example/'])
    t.match(await checked({ gateway: { mode: ['live'], ...LIVE, url } }), { 'gateway.url': [/no address/] }, url)
})

t.test('a token that no header can carry is refused when it is saved', async t => {
  for (const bearer of ['', 'aB3._~+/=', ' copied\n'])
    t.same(await checked({ gateway: { mode: ['live'], ...LIVE, bearer } }), {}, bearer)
  for (const bearer of ['two words', 'žltý', 'a\nb', 'nul\0'])
    t.match(await checked({ gateway: { mode: ['live'], ...LIVE, bearer } }), { 'gateway.bearer': [/no spaces/] })
})

t.test('a template that is wrong is named by its line', async t => {
  t.same(await checked({ templates: { templates: 'a: b\nc\na: d\n\ne:\nf: {{ x' } }), {
    'templates.templates': [
      'Line 2: it has to be written "code: text"',
      'Line 3: this code is there twice',
      'Line 5: the template has no text',
      'Line 6: the template is broken: output "{{ x" not closed, line:1, col:1'
    ],
    ...(await checked({}))
  })
})

t.test('an automatic answer has a template that is there', async t => {
  const templates = { templates: 'pong: PONG' }
  const gateway = { mode: ['mock'] }
  t.same(await checked({ gateway, templates, autoReply: { keyword: 'PING', template: 'pong' } }), {})
  t.same(await checked({ gateway, autoReply: { keyword: ' ,\n', template: '' } }), {})
  t.match(await checked({ gateway, templates, autoReply: { keyword: 'PING', template: 'ping' } }), {
    'autoReply.template': ['There is no template ping']
  })
  t.match(await checked({ gateway, templates, autoReply: { keyword: 'PING' } }), {
    'autoReply.template': [/need a template/]
  })
})

t.test('the address of the webhook is shown, and loudly that nothing is sent as long as that is so', async t => {
  const shown = async (settings: LookupTools['settings']) =>
    mobiletech.markdowns?.webhook?.({ dep: [], context: null }, {
      ...toolsOf({}),
      settings
    } as unknown as Parameters<NonNullable<typeof mobiletech.markdowns>['webhook']>[1])
  const address = '`https://host.example/mobiletech/webhook/secret`'
  for (const settings of [{}, { gateway: {} }, { gateway: { mode: ['mock'] } }]) {
    const markdown = (await shown(settings)) ?? ''
    t.match(markdown, '**TRIAL: nothing is sent')
    t.ok(markdown.endsWith(address))
  }
  const markdown = (await shown({ gateway: { mode: ['live'] } })) ?? ''
  t.notMatch(markdown, 'TRIAL')
  t.ok(markdown.endsWith(address))
})

t.test('it says what it can do: no subject, never read, attachments as the operator wants', async t => {
  t.same(mobiletech.capabilities({ attachments: 'links' }), {
    contactType: 'phone',
    subject: false,
    typing: false,
    formats: ['text', 'markdown', 'html'],
    incoming: true,
    outgoing: true,
    writeFirst: true,
    statuses: ['sent', 'delivered', 'error'],
    attachments: ['file', 'image', 'voice']
  })
  t.same(mobiletech.capabilities({ attachments: 'none' }).attachments, [])
  t.equal(mobiletech.dedupes, false)
  t.equal(mobiletech.webhook?.bodyLimit, 65_536)
})
