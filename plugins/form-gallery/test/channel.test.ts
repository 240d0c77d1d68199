import type { Lookup, LookupTools, Search } from 'channel-kit/channel'
import type { Definition } from 'channel-kit/form'
import type { Outgoing } from 'channel-kit/outcome'
import Fastify from 'fastify'
import t from 'tap'
import gallery from '../src/channel.ts'
import { Settings } from '../src/settings.ts'

const DEFINITIONS: Record<Definition, true> = {
  boolean: true,
  integer: true,
  float: true,
  string: true,
  markdown: true,
  password: true,
  file: true,
  iframe: true,
  listOfEnum: true,
  tablePreview: true,
  markdownPreview: true
}
/** An admin who reads one word of another language. */
const tools = {
  translate: (category: string, message: string) => (category === 'settings' && message === 'New' ? 'Neu' : message)
} as LookupTools
const asked: Lookup = { dep: [], context: [] }

t.test('every kind of field is in the form, and everything that the form names is there', async t => {
  const fields = Object.values(Settings.properties).flatMap(({ properties }) => Object.values(properties))
  const notes = fields.map(field => (field as unknown as { 'x-field': Note })['x-field'])
  t.same(new Set(notes.map(({ definition }) => definition)), new Set(Object.keys(DEFINITIONS)))

  for (const { definition, previewer = '', values } of notes) {
    if (definition === 'tablePreview') t.ok(gallery.tables?.[previewer], previewer)
    if (definition === 'markdownPreview') t.ok(gallery.markdowns?.[previewer], previewer)
    if (typeof values === 'string') t.ok(gallery.autocompletes?.[values], values)
  }
  t.same(notes.find(({ definition }) => definition === 'iframe')?.iframe, 'iframe/index.html')
})

t.test('an admin finds choices by their keys, and by their titles as they are shown, in any case', async t => {
  const { status } = gallery.autocompletes ?? {}
  const find = async (search: Search) => Object.keys((await status?.(search, tools)) ?? {})
  t.same(await find({ ...asked, text: ' PACK ' }), ['packed'])
  t.same(await find({ ...asked, text: 'ed' }), ['accepted', 'packed', 'shipped', 'delivered', 'returned', 'cancelled'])
  t.same(await find({ ...asked, text: 'neu' }), ['new'])
  t.same(await find({ ...asked, text: 'nothing like it' }), [])
  t.equal((await find({ ...asked, text: '' })).length, 7)
  t.same(await find({ ...asked, keys: ['shipped', 'new', 'gone'] }), ['new', 'shipped'])
  t.same(await find({ ...asked, keys: [] }), [])
})

t.test('a preview shows what it was asked with', async t => {
  const dep = { markdown: '**a|b** `c`', iframe: { a: 1 } }
  t.same(await gallery.tables?.table1?.({ dep, context: null }, tools), [
    ['What', 'Value'],
    ['dep markdown', '**a|b** `c`'],
    ['dep iframe', '{"a":1}'],
    ['context', null],
    ['ragged']
  ])
  t.equal(
    await gallery.markdowns?.md1?.({ dep: [dep.markdown], context: { x: 'y' } }, tools),
    '# Preview\n\n|What|Value|\n|-|-|\n|dep|`["**a\\|b** \'c\'"]`|\n|context|`{"x":"y"}`|'
  )
  t.same(await gallery.tables?.table1?.(asked, tools), [['What', 'Value'], ['context', '[]'], ['ragged']])
})

t.test('the page of the iframe field is served, and hands a value to the form', async t => {
  const app = Fastify()
  t.teardown(() => app.close())
  if (gallery.routes) await app.register(gallery.routes)
  const { statusCode, headers, body } = await app.inject('/iframe/index.html')
  t.equal(statusCode, 200)
  t.match(headers['content-type'], 'text/html')
  t.match(body, /parent\.postMessage\(\{ value:/)
})

t.test('the form shows the context that it is asked with', async t => {
  t.equal(gallery.form?.([]), Settings)
  t.equal(gallery.form?.({}), Settings)
  t.match(gallery.form?.({ order: 7 }), {
    title: 'All fields',
    description: 'ctx:{"order":7}',
    properties: Settings.properties
  })
})

t.test('it says that it sends nothing, and does as it says', async t => {
  t.match(gallery.capabilities({}), { incoming: false, statuses: ['error'], attachments: [] })
  t.match(await gallery.send({} as Outgoing, tools as never), { kind: 'rejected', reason: /sends nothing/ })
})

interface Note {
  definition: Definition
  previewer?: string
  values?: unknown
  iframe?: string
}
