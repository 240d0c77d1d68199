import {
  boolean,
  file,
  float,
  form,
  group,
  iframe,
  integer,
  listOfEnum,
  markdown,
  markdownPreview,
  multiline,
  optional,
  password,
  string,
  tablePreview
} from 'channel-kit/form'
import t from 'tap'
import type { TSchema } from 'typebox'
import { choicesJson, formJson } from '../../src/protocol/form.ts'

const plain = (text: string) => text

/** A field as the CRM gets it, as text, so that the order of its keys counts. */
function drawn(field: TSchema): string {
  const { groups } = formJson(form({ title: 'F', button: 'B' }, { g: group({ title: 'G' }, { f: field }) }), plain)
  return JSON.stringify((groups as Record<string, { fields: Record<string, unknown> }>).g?.fields.f)
}

const texts = { title: 'My field', description: 'My description', context: 'My context value' }
const full = { ...texts, default: 'My default value' }
const common = (definition: string, value: unknown = 'My default value') => ({
  title: 'My field',
  description: 'My description',
  definition,
  default: value,
  context: 'My context value'
})
const bare = (definition: string) => ({ title: 'T', description: null, definition, default: null, context: null })

t.test('a field of every definition is drawn with the keys of the reference in its order', async t => {
  const fields: [TSchema, object][] = [
    [boolean({ ...texts, default: true }), common('boolean', true)],
    [integer({ ...texts, default: 3 }), common('integer', 3)],
    [float({ ...texts, default: 0.5 }), common('float', 0.5)],
    [file(full), common('file')],
    [markdown(full), common('markdown')],
    [password(full), common('password')],
    [string(full), { ...common('string'), multiline: false }],
    [multiline(full), { ...common('string'), multiline: true }],
    [iframe({ ...full, iframe: 'example.html' }), { ...common('iframe'), iframe: 'example.html' }],
    [tablePreview({ ...texts, previewer: 'p' }), { ...common('tablePreview', null), previewer: 'p' }],
    [markdownPreview({ ...texts, previewer: 'p' }), { ...common('markdownPreview', null), previewer: 'p' }]
  ]
  for (const [field, expected] of fields) t.equal(drawn(field), JSON.stringify(expected))
})

t.test('what a field does not have is null, and the order stays', async t => {
  const title = { title: 'T' }
  const fields: [TSchema, object][] = [
    [boolean(title), bare('boolean')],
    [integer(title), bare('integer')],
    [float(title), bare('float')],
    [file(title), bare('file')],
    [markdown(title), bare('markdown')],
    [password(title), bare('password')],
    [string(title), { ...bare('string'), multiline: false }],
    [multiline(title), { ...bare('string'), multiline: true }],
    [iframe({ ...title, iframe: 'x' }), { ...bare('iframe'), iframe: 'x' }],
    [tablePreview({ ...title, previewer: 'p' }), { ...bare('tablePreview'), previewer: 'p' }],
    [markdownPreview({ ...title, previewer: 'p' }), { ...bare('markdownPreview'), previewer: 'p' }],
    [listOfEnum({ ...title, values: 'v' }), { ...bare('listOfEnum'), limit: null, values: 'v' }]
  ]
  for (const [field, expected] of fields) {
    t.equal(drawn(field), JSON.stringify(expected))
    t.equal(drawn(optional(field)), JSON.stringify(expected), 'an optional one looks the same')
  }
})

t.test('rules that the CRM does not know stay out of the form', async t => {
  const field = string({ title: 'T', minLength: 1, maxLength: 9, pattern: 'x', format: 'uri' })
  t.equal(drawn(field), JSON.stringify({ ...bare('string'), multiline: false }))
})

t.test('defaults that are false, zero or empty are defaults, and any JSON may be one of an iframe', async t => {
  t.match(drawn(boolean({ title: 'T', default: false })), '"default":false')
  t.match(drawn(integer({ title: 'T', default: 0 })), '"default":0')
  t.match(drawn(string({ title: 'T', default: '' })), '"default":""')
  t.match(drawn(iframe({ title: 'T', iframe: 'x', default: { a: [1] } })), '"default":{"a":[1]}')
})

const choice = (title: string) => ({ title, group: 'group' })
const numbered = { 0: choice('zero'), 1: choice('one'), 2: choice('two') }

t.test('choices with the keys 0, 1, 2 come as a list, after the limit', async t => {
  t.equal(
    drawn(listOfEnum({ ...texts, values: numbered, limit: { min: 1, max: 10 }, default: ['0'] })),
    JSON.stringify({
      ...common('listOfEnum', ['0']),
      limit: { min: 1, max: 10 },
      values: [choice('zero'), choice('one'), choice('two')]
    })
  )
})

t.test('choices with any other keys come as a map, none as a list', async t => {
  t.same(choicesJson({ 5: choice('five'), 7: choice('seven') }, plain), { 5: choice('five'), 7: choice('seven') })
  t.same(choicesJson({ 1: choice('one') }, plain), { 1: choice('one') })
  t.same(choicesJson({ '00': choice('x') }, plain), { '00': choice('x') })
  t.same(choicesJson({ b: choice('B'), a: choice('A') }, plain), { b: choice('B'), a: choice('A') })
  t.same(choicesJson({}, plain), [])
})

t.test('a choice keeps its numbers and what else it has, and its words are translated', async t => {
  const choices = { a: { title: 5, group: true, colour: 'red' }, b: { title: 'B', group: 'G' } }
  t.same(
    choicesJson(choices, text => `${text}!`),
    {
      a: { title: 5, group: true, colour: 'red' },
      b: { title: 'B!', group: 'G!' }
    }
  )
})

t.test('a limit is null without bounds, else it has both, the missing one null', async t => {
  const limits: [{ min?: number; max?: number } | undefined, string][] = [
    [undefined, '"limit":null'],
    [{}, '"limit":null'],
    [{ max: 10 }, '"limit":{"min":null,"max":10}'],
    [{ min: 5 }, '"limit":{"min":5,"max":null}'],
    [{ min: 0 }, '"limit":{"min":0,"max":null}'],
    [{ min: 5, max: 10 }, '"limit":{"min":5,"max":10}']
  ]
  for (const [limit, expected] of limits)
    t.match(drawn(listOfEnum({ title: 'T', values: 'v', ...(limit ? { limit } : {}) })), expected)
})

const Whole = form(
  { title: 'Form', description: 'About', button: 'Save' },
  {
    main: group(
      { title: 'Main', description: 'First', dependencies: { printCaption: ['use'] } },
      { use: integer({ title: 'Use' }), printCaption: boolean({ title: 'Caption' }) }
    ),
    none: group({ title: 'None' }, {})
  }
)

t.test('a form and its groups are drawn with the keys of the reference in its order', async t => {
  t.equal(
    JSON.stringify(formJson(Whole, plain)),
    JSON.stringify({
      title: 'Form',
      description: 'About',
      groups: {
        main: {
          title: 'Main',
          description: 'First',
          fields: {
            use: { ...bare('integer'), title: 'Use' },
            printCaption: { ...bare('boolean'), title: 'Caption' }
          },
          dependencies: { printCaption: ['use'] }
        },
        none: { title: 'None', description: null, fields: [], dependencies: [] }
      },
      button: 'Save'
    })
  )
})

t.test('a form without groups has an empty list of them, and no description is null', async t => {
  t.match(formJson(form({ title: 'F', button: 'B' }, {}), plain), { description: null, groups: [] })
})

t.test('every word for a person is translated, and nothing else', async t => {
  const answer = JSON.stringify(formJson(Whole, text => `<${text}>`))
  for (const word of ['Form', 'About', 'Main', 'First', 'Use', 'Caption', 'None', 'Save'])
    t.match(answer, `"<${word}>"`, word)
  t.match(drawn(listOfEnum({ ...full, default: ['a'], values: { a: choice('A') } })), '"default":["a"]')
  t.equal((answer.match(/</g) ?? []).length, 8)
})
