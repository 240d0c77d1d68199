import { form, group, listOfEnum, optional, password, string } from 'channel-kit/form'
import { Unanswered } from 'channel-kit/unanswered'
import t from 'tap'
import { testCatalogues, testChannel } from '../http/channel.ts'
import { apiHost } from './ask.ts'

/** Settings by the API: the form of the CRM, saved by the same code. */

const Fields = form(
  { title: 'Settings', button: 'Save' },
  {
    main: group(
      { title: 'Main' },
      {
        name: string({ title: 'Name' }),
        key: optional(password({ title: 'Key' })),
        kinds: optional(listOfEnum({ title: 'Kinds', values: 'kinds' }))
      }
    )
  }
)
const tried: unknown[] = []
const searched: unknown[] = []
const channel = testChannel({
  settings: Fields,
  translations: await testCatalogues(t, {
    ru_RU: { settings: { Name: 'Имя', Warm: 'Тепло' }, validation: { 'Value is required': 'Нужно' } }
  }),
  check: async ({ settings, translate }) => {
    tried.push(settings)
    const { name } = (settings as { main: { name: string } }).main
    if (name === 'broken') throw new Error('the gateway is away')
    return name === 'refused' ? { 'main.name': [translate('validation', 'Value is required')] } : {}
  },
  autocompletes: {
    kinds: async search => {
      searched.push(search)
      if ('text' in search && search.text === 'away') throw new Unanswered('The list cannot be asked')
      return { warm: { title: 'Warm', group: 'G' } }
    }
  }
})

const { host, ask, token, crm } = await apiHost(t, { channels: [{ channel, path: '/' }] })
const plugin = await crm.register(host.url)
await crm.register(host.url)
const { sql } = host.database
const PATH = '/registrations/1/settings'
const put = (values: object, query = '') => ask(`${PATH}${query}`, { method: 'PUT', body: { values } })
const json = (answer: { json: unknown }) => answer.json as Record<string, never>

t.test('the form comes in a language, with what is saved and without its secrets', async t => {
  const first = await ask(`${PATH}?language=ru-RU`)
  t.match(json(first), {
    form: { properties: { main: { properties: { name: { title: 'Имя' } } } } },
    values: {},
    secrets: {},
    updatedAt: null
  })
  const saved = await put({ main: { name: 'shop', key: 'top-secret' } })
  t.match(
    { status: saved.status, json: json(saved) },
    {
      status: 200,
      json: { values: { main: { name: 'shop' } }, secrets: { 'main.key': true }, updatedAt: /Z$/ }
    }
  )
  t.notMatch(JSON.stringify([saved.json, (await ask(PATH)).json]), /top-secret/)
})

t.test('a secret that is left out stays, an empty one goes, and the audit names fields without values', async t => {
  await put({ main: { name: 'other' } })
  t.match(tried.at(-1), { main: { name: 'other', key: 'top-secret' } })
  t.match((await ask('/audit?limit=1')).json.items, [
    { action: 'settings.saved', registration: 1, details: { fields: ['main.name'] } }
  ])
  const saved = await put({ main: { name: 'other', key: '' } })
  t.same(json(saved).secrets, {})
  const { items } = (await ask('/audit')).json
  t.same(
    items.map(item => (item as unknown as { details: { fields: string[] } }).details.fields),
    [['main.key'], ['main.name'], ['main.name', 'main.key']]
  )
  t.notMatch(JSON.stringify(items), /top-secret|shop|other/)
})

t.test('what is wrong is refused with the errors that the CRM gets, and changes nothing', async t => {
  const language = '?language=ru-RU'
  for (const [values, wanted] of [
    [{ main: {} }, { main: { name: ['Нужно'] } }],
    [{ main: { name: 'refused' } }, { main: { name: ['Нужно'] } }]
  ] as const) {
    const refused = await put(values, language)
    t.match({ status: refused.status, json: json(refused) }, { status: 400, json: { code: 400, errors: wanted } })
    const byCrm = await plugin.ask({
      method: 'PUT',
      path: 'protected/data/settings',
      body: JSON.stringify(values),
      headers: { 'accept-language': 'ru-RU', 'content-type': 'application/json' }
    })
    t.same(byCrm.json, json(refused).errors)
  }
  t.match(json(await put({ main: { name: 'x', kinds: ['cold'] } })), { errors: { main: { kinds: [/choices/] } } })
  t.match(json(await ask(PATH)).values, { main: { name: 'other' } })
  t.equal((await ask(PATH, { method: 'PUT', body: { values: [] } })).status, 400)
  t.equal((await ask(PATH, { method: 'PUT', body: {} })).status, 400)
})

t.test('the channel tries what is saved, and says what is wrong or that it could not', async t => {
  const test = async () => json(await ask(`${PATH}/test`, { method: 'POST' }))
  t.same(await test(), { ok: true, problems: {}, reason: null })
  await sql`update settings set data = '{"main": {"name": "refused"}}'`
  await sql`select pg_notify('registration_changed', '1')`
  await host.settings.caches[0]?.clear()
  t.match(await test(), { ok: false, problems: { main: { name: ['Value is required'] } }, reason: null })
  await sql`update settings set data = '{"main": {"name": "broken"}}'`
  await host.settings.caches[0]?.clear()
  t.match(await test(), { ok: false, problems: {}, reason: 'the gateway is away' })
  await sql`update settings set data = '{"main": {}}'`
  await host.settings.caches[0]?.clear()
  t.match(await test(), { ok: false, problems: { main: { name: ['Value is required'] } } })
})

t.test('choices are those of the channel', async t => {
  const of = (query: string) => ask(`${PATH}/choices?${query}`)
  t.match(json(await of('field=main.kinds&query=wa&language=ru-RU')), {
    items: [{ key: 'warm', title: 'Тепло', group: 'G' }],
    isCut: false
  })
  t.match(searched.at(-1), { text: 'wa', dep: [] })
  t.match(await of('field=main.kinds&query=away'), { status: 409, json: { message: 'The list cannot be asked' } })
  for (const field of ['main.name', 'main', 'main.constructor', '__proto__.x', 'none.none'])
    t.equal((await of(`field=${field}`)).status, 404, field)
})

t.test('settings are for tokens of their registration that may operate', async t => {
  const stranger = await token({ scopes: ['operate'], registrationId: 2 })
  for (const [path, method, body] of [
    ['', 'GET', undefined],
    ['', 'PUT', { values: {} }],
    ['/test', 'POST', undefined],
    ['/choices?field=main.kinds', 'GET', undefined]
  ] as const) {
    const how = { method, ...(body ? { body } : {}) }
    t.equal((await ask(`${PATH}${path}`, { ...how, token: stranger })).status, 403)
    t.equal((await ask(`${PATH}${path}`, { ...how, token: await token() })).status, 403)
  }
  t.equal((await ask('/registrations/99/settings')).status, 404)
})
