import type { Search } from 'channel-kit/channel'
import t from 'tap'
import { testCrm, testHost } from '../harness.ts'
import { isEnvelope } from './ask.ts'
import { testCatalogues, testChannel } from './channel.ts'

const asked: Search[] = []
const seen: unknown[] = []
const channel = testChannel({
  translations: await testCatalogues(t, { ru_RU: { settings: { Cold: 'Холодно' }, previews: { Hello: 'Привет' } } }),
  autocompletes: {
    found: async (search, { settings }) => {
      asked.push(search)
      seen.push(settings)
      return { b: { title: 'Cold', group: 'G' }, a: { title: 'Warm', group: 'G' } }
    },
    nothing: async () => ({}),
    numbers: async () => ({ 0: { title: 'Zero', group: '' }, 1: { title: 'One', group: '' } })
  },
  tables: { rows: async () => [['A', 'B'], [1, 'x'], [null], []] },
  markdowns: { hello: async (_lookup, { translate }) => `# ${translate('previews', 'Hello')}` }
})
const crm = await testCrm(t)
const host = await testHost(t, { channels: [{ channel, path: '/' }] })
const gallery = await crm.register((await testHost(t)).at('form-gallery'))
const plugin = await crm.register(host.url)

const get = (path: string) => plugin.ask({ method: 'GET', path: `protected/${path}` })
const WRONG = ['null', '5', '"text"', 'true', 'garbage', '', '{"a":'].map(encodeURIComponent)

t.test('an admin searches with a text', async t => {
  await plugin.autocomplete('found', { query: 'co ld&', dep: ['x', { y: 1 }], context: { z: [1] } })
  t.same(asked.at(-1), { text: 'co ld&', dep: ['x', { y: 1 }], context: { z: [1] } })
})

t.test('without a text, dependencies or a context they are empty', async t => {
  for (const path of ['autocomplete/found', 'autocomplete/found?query=', 'autocomplete/found?query']) {
    t.equal((await get(path)).status, 200, path)
    t.same(asked.at(-1), { text: '', dep: [], context: [] })
  }
})

t.test('a list or a map of keys is resolved', async t => {
  const queries = [
    'query[]=a&query[]=b',
    'query[0]=a&query[1]=b',
    'query[x]=a&query[y]=b',
    'query%5B%5D=a&query%5B%5D=b'
  ]
  for (const query of queries) {
    await get(`autocomplete/found?${query}`)
    t.same(asked.at(-1), { keys: ['a', 'b'], dep: [], context: [] }, query)
  }
  await get('autocomplete/found?query[]=')
  t.same(asked.at(-1), { keys: [''], dep: [], context: [] })
  const many = Array.from({ length: 200 }, (_, index) => `k${index}`)
  await plugin.autocomplete('found', { query: many })
  t.match(asked.at(-1), { keys: many }, 'however many there are')
})

t.test('what is found keeps its order, speaks the language of the request, and nothing is a list', async t => {
  const found = { b: { title: 'Холодно', group: 'G' }, a: { title: 'Warm', group: 'G' } }
  t.equal((await plugin.speaking('ru_RU').autocomplete('found')).text, JSON.stringify(found))
  t.equal((await plugin.autocomplete('nothing')).text, '[]')
  t.same((await plugin.autocomplete('numbers')).json, [
    { title: 'Zero', group: '' },
    { title: 'One', group: '' }
  ])
})

t.test('a lookup sees what was saved before, complete or not', async t => {
  await plugin.autocomplete('found')
  t.same(seen.at(-1), {})
  await plugin.saveSettings({ main: { prefix: '<', suffix: '>', delay: 0 } })
  await plugin.autocomplete('found')
  t.match(seen.at(-1), { main: { prefix: '<' } })
})

t.test('a table is a list of rows as the channel made it', async t => {
  t.same((await plugin.tablePreview('rows')).json, [['A', 'B'], [1, 'x'], [null], []])
})

t.test('a text comes under one key, in the language of the request', async t => {
  t.equal((await plugin.speaking('ru_RU').markdownPreview('hello')).text, '{"markdown":"# Привет"}')
  t.same((await plugin.markdownPreview('hello')).json, { markdown: '# Hello' })
})

t.test('a preview is given the values that it depends on and its context', async t => {
  const by = { dep: { 0: 'x', 1: { any: 1 } }, context: { ctx: 'x' } }
  t.match((await gallery.markdownPreview('md1', by)).json, { markdown: /\{"0":"x","1":\{"any":1\}\}/ })
  t.same((await gallery.tablePreview('table1', { dep: ['a', 5], context: [] })).json, [
    ['What', 'Value'],
    ['dep 0', 'a'],
    ['dep 1', 5],
    ['context', '[]'],
    ['ragged']
  ])
})

t.test('dependencies and a context that are no JSON list or map are refused', async t => {
  for (const route of ['autocomplete/found', 'preview/table/rows', 'preview/markdown/hello'])
    for (const name of ['dep', 'context'])
      for (const query of [...WRONG.map(text => `${name}=${text}`), `${name}[]=1`, `${name}={}&${name}={}`]) {
        const answer = await get(`${route}?query=x&${query}`)
        t.equal(answer.status, 400, `${route}?${query}`)
        t.ok(isEnvelope(answer))
      }
})

t.test('a name that nobody gave is 404, whatever it is', async t => {
  for (const route of ['autocomplete', 'preview/table', 'preview/markdown'])
    for (const name of ['other', 'toString', '__proto__', 'constructor', 'fou%2Fnd', '%00', '..', 'a'.repeat(300)])
      t.equal((await get(`${route}/${name}`)).status, 404, `${route}/${name.slice(0, 20)}`)
  for (const path of ['autocomplete/', 'autocomplete/found/', 'autocomplete/a/b', 'preview/list/found'])
    t.equal((await get(path)).status, 404, path)
})

t.test('one kind of lookup does not answer for another, and a channel without any has none', async t => {
  t.equal((await get('autocomplete/rows')).status, 404)
  t.equal((await get('preview/table/hello')).status, 404)
  t.equal((await get('preview/markdown/found')).status, 404)
  const echo = await crm.register((await testHost(t)).url)
  for (const answer of [await echo.autocomplete('x'), await echo.tablePreview('x'), await echo.markdownPreview('x')])
    t.equal(answer.status, 404)
})

t.test('the order statuses of the gallery are found by text and by key', async t => {
  t.same(Object.keys((await gallery.autocomplete('status', { query: 'ship' })).json as object), ['shipped'])
  t.same((await gallery.autocomplete('status', { query: ['new', 'zzz'] })).json, {
    new: { title: 'New', group: 'Open' }
  })
  t.same((await gallery.autocomplete('status', { query: 'zzz' })).json, [])
})
