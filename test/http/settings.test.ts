import { boolean, form, group, integer, optional, password, string } from 'channel-kit/form'
import t from 'tap'
import { testCrm, testHost } from '../harness.ts'
import { ask, isEnvelope } from './ask.ts'
import { testCatalogues, testChannel } from './channel.ts'

const Settings = form(
  { title: 'Settings', button: 'Save' },
  {
    main: group(
      { title: 'Main' },
      {
        name: string({ title: 'Name' }),
        count: optional(integer({ title: 'Count', default: 3, minimum: 0, maximum: 10 })),
        on: optional(boolean({ title: 'On' })),
        key: optional(password({ title: 'Key' }))
      }
    )
  }
)

const checked: unknown[] = []
const channel = testChannel({
  settings: Settings,
  translations: await testCatalogues(t, {
    ru_RU: {
      settings: { Settings: 'Настройки', Name: 'Имя', Save: '' },
      validation: { 'Value is required': 'Нужно', 'Should be at most {limit}': 'Не больше {limit}' }
    }
  }),
  check: async ({ settings, translate }) => {
    checked.push(settings)
    const { name } = (settings as { main: { name: string } }).main
    return name === 'refused' ? { 'main.name': [translate('validation', 'Value is required')] } : {}
  }
})
const crm = await testCrm(t)
const host = await testHost(t, { channels: [{ channel, path: '/' }] })
const gallery = await crm.register((await testHost(t)).at('form-gallery'))
const plugin = await crm.register(host.url)
const WRONG_CONTEXTS = ['null', '5', '"text"', 'true', 'garbage', '', '{"a":', 'NaN']

t.test('the form is drawn with the context that the CRM asks with', async t => {
  t.match((await gallery.form()).json, { title: 'All fields', description: null })
  t.match((await gallery.form({ a: 1 })).json, { description: 'ctx:{"a":1}' })
  t.match((await gallery.form([5])).json, { description: 'ctx:[5]' })
  for (const nothing of [{}, []]) t.same((await gallery.form(nothing)).json, (await gallery.form()).json)
})

t.test('a context that is no JSON list or map is refused, once or twice', async t => {
  const asked = WRONG_CONTEXTS.map(context => `context=${encodeURIComponent(context)}`)
  for (const query of [...asked, 'context[]=1', 'context[a]=1', 'context={}&context={}']) {
    const answer = await gallery.ask({ method: 'GET', path: `protected/forms/settings?${query}` })
    t.equal(answer.status, 400, query)
    t.ok(isEnvelope(answer))
  }
})

t.test('an empty map is a list on the wire', async t => {
  const { json } = await gallery.form()
  t.match(json, {
    groups: {
      main: { dependencies: [] },
      rich: { dependencies: { table: ['markdown', 'iframe'], mdpreview: ['markdown'] } },
      empty: { fields: [], dependencies: [] },
      lists: {
        fields: {
          staticNumeric: { values: [{ title: 'Zero' }, { title: 'One' }] },
          staticNumericGap: { values: { 5: { title: 'Five' }, 7: { title: 'Seven' } } },
          staticEmpty: { values: [] },
          dynamic: { values: 'status', limit: { min: 0, max: null } }
        }
      }
    }
  })
})

t.test('the same form comes as a JSON Schema to whoever accepts one', async t => {
  const path = 'protected/forms/settings'
  for (const accept of ['application/schema+json', 'text/html, application/schema+json;q=0.9']) {
    const { status, headers, json } = await plugin.ask({ method: 'GET', path, headers: { accept } })
    t.equal(status, 200)
    t.match(headers['content-type'], /^application\/schema\+json/)
    t.match(json, { $schema: /2020-12/, properties: { main: { required: ['name'] } } })
  }
  const { headers } = await plugin.ask({ method: 'GET', path, headers: { accept: 'application/json, */*' } })
  t.match(headers['content-type'], /^application\/json/)
})

t.test('the form speaks the language of the request', async t => {
  const { title, button } = (await plugin.speaking('ru_RU').form()).json as { title: string; button: string }
  t.equal(title, 'Настройки')
  t.equal(button, 'Save', 'an empty translation counts as none')
  t.match((await plugin.form()).json, { title: 'Settings' })
})

t.test('nothing saved is an empty list, or the passwords alone', async t => {
  t.same((await gallery.settings()).json, { main: { password: false, password2: false } })
  const echo = await crm.register((await testHost(t)).url)
  t.equal((await echo.settings()).text, '[]')
})

t.test('settings are saved, shown and replaced, passwords only as whether they are set', async t => {
  const save = async (main: object) => {
    const { status, json } = await plugin.saveSettings({ main })
    t.equal(status, 200)
    t.same((await plugin.settings()).json, json, 'GET shows what PUT answered')
    return json
  }
  t.same(await save({ name: 'a', key: 's3', on: true }), { main: { name: 'a', key: true, on: true } })
  t.same(await save({ name: 'b' }), { main: { name: 'b', key: true } })
  t.same(await save({ name: 'b', key: true }), { main: { name: 'b', key: true } })
  t.match(checked.at(-1), { main: { key: 's3' } }, 'the channel has the password still')
  t.same(await save({ name: 'b', key: '' }), { main: { name: 'b', key: false } })
  t.same(await save({ name: 'b', key: null, count: null }), { main: { name: 'b', key: false, count: null } })
  t.notOk('key' in (checked.at(-1) as { main: object }).main)
  t.same(await save({ name: '«ё» / 🙂 <b>" a\0b' }), { main: { name: '«ё» / 🙂 <b>" a\0b', key: false } })
})

t.test('what is not in the form is dropped', async t => {
  const body = { main: { name: 'a', extra: 1, 'x.y': 1 }, other: { a: 1 }, scalar: 5, 'main.name': 'z', list: [] }
  t.same((await plugin.saveSettings(body)).json, { main: { name: 'a', key: false } })
})

t.test('settings that are wrong are refused field by field, and change nothing', async t => {
  await plugin.saveSettings({ main: { name: 'kept', key: 'kept' } })
  const answer = await plugin.saveSettings({ main: { count: 11, on: 'yes', key: '' } })
  t.equal(answer.status, 400)
  t.same(answer.json, {
    main: { name: ['Value is required'], count: ['Should be at most 10'], on: ['Should be yes or no'] }
  })
  t.same((await plugin.speaking('ru_RU').saveSettings({ main: { count: 11 } })).json, {
    main: { name: ['Нужно'], count: ['Не больше 10'] }
  })
  for (const body of [{}, [], { main: 'x' }, { main: null }, { main: ['x'] }, { 'main.name': 'x' }])
    t.same((await plugin.saveSettings(body)).json, { main: { name: ['Value is required'] } }, JSON.stringify(body))
  t.same((await plugin.settings()).json, { main: { name: 'kept', key: true } })
})

t.test('a body that is no map is refused', async t => {
  const put = { method: 'PUT', path: 'protected/data/settings' }
  for (const body of ['"text"', 'null', '5', 'true', '[{"name":"x"}]', '{"main":', '']) {
    const answer = await plugin.ask({ ...put, headers: { 'content-type': 'application/json' }, body })
    t.equal(answer.status, 400, body)
    t.ok(isEnvelope(answer))
  }
  t.equal((await plugin.ask(put)).status, 400, 'no body')
  const multipart = { 'content-type': 'multipart/form-data; boundary=x' }
  t.equal((await plugin.ask({ ...put, headers: multipart, body: '--x--\r\n' })).status, 400)
  t.equal((await plugin.ask({ ...put, headers: { 'content-type': 'text/xml' }, body: '<a/>' })).status, 415)
})

t.test('settings may come as a web form, whose texts are read as what they mean', async t => {
  const save = (body: string) =>
    plugin.ask({
      method: 'PUT',
      path: 'protected/data/settings',
      headers: { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8' },
      body
    })
  t.same((await save('main[name]=5&main[count]=4&main[on]=1&main[key]=s')).json, {
    main: { name: '5', count: 4, on: true, key: true }
  })
  t.same((await save('main%5Bname%5D=%D1%91+%26&main%5Bon%5D=false')).json, {
    main: { name: 'ё &', on: false, key: true }
  })
  t.same((await save('main[name]=x&main[count]=abc&main[on]=perhaps')).json, {
    main: { count: ['Should be a whole number'], on: ['Should be yes or no'] }
  })
})

t.test('a channel may try the settings before they are saved, and stop them', async t => {
  await plugin.saveSettings({ main: { name: 'kept', key: '' } })
  t.same((checked.at(-1) as { main: object }).main, { name: 'kept', count: 3 }, 'it tries what it would work with')
  const answer = await plugin.speaking('ru_RU').saveSettings({ main: { name: 'refused' } })
  t.equal(answer.status, 400)
  t.same(answer.json, { main: { name: ['Нужно'] } })
  t.match((await plugin.settings()).json, { main: { name: 'kept' } })

  const tried = checked.length
  await plugin.saveSettings({ main: { count: 11 } })
  t.equal(checked.length, tried, 'what is wrong already is not tried')
})

t.test('every plugin has settings of its own', async t => {
  const [one, other] = await Promise.all([crm.register(host.url), crm.register(host.url)])
  await one.saveSettings({ main: { name: 'one', key: 'x' } })
  t.same((await other.settings()).json, { main: { key: false } })
  const headers = { 'x-plugin-token': await one.token({ aud: host.at('other') }) }
  t.equal((await ask(`${host.url}protected/data/settings`, { headers })).status, 403)
})
