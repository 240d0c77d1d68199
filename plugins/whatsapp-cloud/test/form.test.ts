import { readFile } from 'node:fs/promises'
import { Unanswered } from 'channel-kit/unanswered'
import t from 'tap'
import { Value } from 'typebox/value'
import { graphFault } from '../simulator/faults.ts'
import channel from '../src/channel.ts'
import { Options } from '../src/options.ts'
import { Settings } from '../src/settings.ts'
import { type Change, registered } from './tools.ts'

t.test('only the account has to be filled in', async t => {
  const { tools } = await registered(t)
  t.ok(Value.Check(Settings, tools.settings))
  const empty = { window: {}, incoming: {}, limits: {}, webhook: {} }
  const account = {
    phoneNumberId: '12345',
    businessAccountId: '12345',
    accessToken: 't',
    appSecret: 's',
    verifyToken: '12345678'
  }
  t.ok(Value.Check(Settings, { ...empty, account }))
  for (const wrong of [
    { phoneNumberId: '+1 555' },
    { businessAccountId: '' },
    { accessToken: 'two words' },
    { accessToken: '' },
    { accessToken: 'EAA\u200b' },
    { appSecret: '  ' },
    { verifyToken: 'short' },
    { graphVersion: '25' }
  ])
    t.notOk(Value.Check(Settings, { ...empty, account: { ...account, ...wrong } }), JSON.stringify(wrong))
  for (const [group, fields] of Object.entries({
    account: ['phoneNumberId', 'businessAccountId', 'accessToken', 'appSecret', 'verifyToken', 'graphVersion'],
    window: ['fallbackTemplate', 'fallbackParameter'],
    incoming: ['reactions', 'locations', 'quotes', 'referrals', 'echoes', 'failureNotes'],
    limits: ['perSecond', 'contactPerMinute', 'contactBurst'],
    webhook: ['url', 'connect', 'status']
  }))
    t.same(
      Object.keys((Settings.properties as Record<string, { properties: object }>)[group]?.properties ?? {}),
      fields
    )
})

t.test('where Meta is, is up to the operator', async t => {
  t.match(Value.Create(Options), { graphUrl: 'https://graph.facebook.com', mediaHosts: /fbsbx.com/ })
  for (const [options, valid] of [
    [{ graphUrl: 'http://127.0.0.1:7000', mediaHosts: '127.0.0.1' }, true],
    [{ graphUrl: 'graph.facebook.com', mediaHosts: 'a' }, false],
    [{ graphUrl: 'https://a?b', mediaHosts: 'a' }, false],
    [{ graphUrl: 'https://a', mediaHosts: '' }, false],
    [{ graphUrl: 'https://a', mediaHosts: 'https://a' }, false]
  ] as const)
    t.equal(Value.Check(Options, options), valid, JSON.stringify(options))
})

t.test('what is right is saved', async t => {
  const { gateway, tools } = await registered(t, {
    change: { window: { fallbackTemplate: ['continue_conversation/en_US'] } }
  })
  t.same(await channel.check?.(tools), {})
  t.same(new Set(gateway.state.calls.map(({ operation }) => operation)), new Set(['phone', 'numbers', 'templates']))
})

t.test('what is wrong is told at its field', async t => {
  const errors = async (change: Change, ...faults: Parameters<Registered['gateway']['faults']['add']>[]) => {
    const { gateway, tools } = await registered(t, { change })
    for (const fault of faults) gateway.faults.add(...fault)
    return channel.check?.(tools)
  }
  t.match(await errors({ account: { accessToken: 'old' } }), {
    'account.accessToken': [/does not work any more.*#190/]
  })
  t.match(
    await errors({ account: { graphVersion: 'v1.0' } }, [
      'phone',
      graphFault(400, 100, '', { message: 'Invalid version format' })
    ]),
    { 'account.graphVersion': [/version/] }
  )
  t.match(await errors({}, ['phone', graphFault(400, 100, '', { error_subcode: 33 })]), {
    'account.phoneNumberId': [/#100/]
  })
  t.match(await errors({}, ['phone', graphFault(403, 200)]), { 'account.accessToken': [/lacks a permission/] })
  t.match(
    await errors({}, [
      'phone',
      graphFault(400, 100, '', { message: 'API calls from the server require an appsecret_proof argument' })
    ]),
    { 'account.appSecret': [/appsecret_proof/] }
  )
  t.match(await errors({ account: { businessAccountId: '99999' } }), {
    'account.businessAccountId': [/does not exist.*#100/]
  })
  t.match(await errors({}, ['numbers', { kind: 'answer', status: 200, body: { data: [{ id: '1' }] } }]), {
    'account.businessAccountId': [/does not have this phone number/]
  })
  const page = { data: [{ id: '1' }], paging: { cursors: { after: 'x' }, next: 'https://graph.example' } }
  t.same(await errors({}, ['numbers', { kind: 'answer', status: 200, body: page }]), {}, 'it may be on another page')
  t.match(await errors({ window: { fallbackTemplate: ['gone/en_US'] } }), {
    'window.fallbackTemplate': [/no such approved/]
  })
  t.match(await errors({ window: { fallbackTemplate: ['continue_conversation/en_US'], fallbackParameter: '2' } }), {
    'window.fallbackParameter': [/no parameter that could carry/]
  })
})

t.test('while Meta is away anything can be saved', async t => {
  const { gateway, tools } = await registered(t)
  for (const operation of ['phone', 'numbers'] as const)
    gateway.faults.add(operation, graphFault(503, 2), { kind: 'answer', status: 502, body: '' })
  t.same(await channel.check?.(tools), {})
  t.same(await channel.check?.(tools), {})
  await gateway.close()
  t.same(await channel.check?.(tools), {})
})

t.test('an operator sees all templates as Meta has them, with why one cannot be sent', async t => {
  const { gateway, tools } = await registered(t)
  const components = [
    { type: 'HEADER', format: 'IMAGE' },
    { type: 'BODY', text: 'Hello {{1}}, {{2}}' },
    { type: 'FOOTER', text: 'Shop' },
    {
      type: 'BUTTONS',
      buttons: [
        { type: 'QUICK_REPLY', text: 'Yes' },
        { type: 'URL', text: 'Open', url: 'https://x/{{1}}' }
      ]
    }
  ]
  gateway.state.templates = [
    { name: 'one', language: 'en-US', status: 'APPROVED', category: 'UTILITY', components, rejected_reason: 'NONE' },
    { name: 'two', language: 'sk', status: 'REJECTED', category: 'MARKETING', rejected_reason: 'INVALID_FORMAT' },
    { name: 'three', language: {}, status: null, components: 'none' } as never
  ]
  t.match(await channel.templates?.list(tools as never), [
    {
      ...{ name: 'one', language: 'en_US', status: 'APPROVED', isUsable: true, reason: null, header: 'image' },
      ...{
        body: 'Hello {{1}}, {{2}}',
        footer: 'Shop',
        buttons: ['Yes', 'Open'],
        parameters: ['header', '1', '2', 'button2']
      }
    },
    { name: 'two', isUsable: false, reason: 'INVALID_FORMAT', body: '', parameters: [] },
    { name: 'three', isUsable: false, status: null }
  ])
  await gateway.close()
  const error = await channel.templates?.list(tools as never).catch((error: unknown) => error)
  t.ok(error instanceof Unanswered, 'for people')
})

t.test('an admin chooses among the approved templates, by category', async t => {
  const { gateway, tools } = await registered(t)
  gateway.state.templates = [
    { name: 'one', language: 'en_US', status: 'APPROVED', category: 'UTILITY' },
    { name: 'two', language: 'sk', status: 'APPROVED', category: 'MARKETING' },
    { name: 'three', language: 'sk', status: 'PAUSED', category: 'MARKETING' }
  ]
  gateway.state.templatesPerPage = 1
  const find = channel.autocompletes?.templates
  const asked = { dep: [], context: [] }
  t.same(await find?.({ ...asked, text: '' }, tools), {
    'one/en_US': { title: 'one (en_US)', group: 'UTILITY' },
    'two/sk': { title: 'two (sk)', group: 'MARKETING' }
  })
  t.same(Object.keys((await find?.({ ...asked, text: ' TWO ' }, tools)) ?? {}), ['two/sk'])
  t.same(Object.keys((await find?.({ ...asked, keys: ['one/en_US', 'gone/sk'] }, tools)) ?? {}), ['one/en_US'])
  t.same(await find?.({ ...asked, text: '' }, { ...tools, settings: {} }), {}, 'before anything was saved')
  gateway.faults.add('templates', graphFault(500, 2))
  const away = await find?.({ ...asked, text: '' }, tools).catch((error: unknown) => error)
  t.ok(away instanceof Unanswered, 'nobody can say')
})

t.test('the icon is a PNG of 128 by 128', async t => {
  const icon = await readFile(channel.icon)
  t.same([icon.readUInt32BE(16), icon.readUInt32BE(20), icon[25]], [128, 128, 6])
})

type Registered = Awaited<ReturnType<typeof registered>>
