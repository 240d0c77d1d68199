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
  optional,
  password,
  string,
  tablePreview
} from 'channel-kit/form'
import t from 'tap'
import type { TSchema } from 'typebox'
import { type Say, settingsErrors } from '../../src/protocol/settings-errors.ts'

const say: Say = (message, params = {}) =>
  message.replace(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole))

const numbers = (value: number) => integer({ title: 'Number', default: value, minimum: 0 })
const words = (value: string) => string({ title: 'Words', default: value, minLength: 1 })

/** The form of the reference's own tests. */
const Filled = form(
  { title: 'Form_filled', button: 'Save' },
  {
    main: group({ title: 'Main' }, { field_1: numbers(10), field_2: words('Hello') }),
    additional: group({ title: 'Additional' }, { field_3: optional(numbers(13)), field_4: words('Hello 4') })
  }
)

const REQUIRED = ['Value is required']
const EMPTY = ['Should not be empty']
const NEGATIVE = ['Should be at least 0']

t.test('valid settings have no errors', async t => {
  const valid = { main: { field_1: 1, field_2: 'hello world' }, additional: { field_3: 13, field_4: 'Hello 4' } }
  t.same(settingsErrors(Filled, valid, say), {})
})

t.test('of empty settings every field that is needed is named, whatever its default', async t => {
  const all = { main: { field_1: REQUIRED, field_2: REQUIRED }, additional: { field_4: REQUIRED } }
  t.same(settingsErrors(Filled, {}, say), all)
  t.same(settingsErrors(Filled, { main: { field_1: null, field_2: null } }, say), all, 'null is as good as absent')
})

t.test('only the fields that fail are named, over all groups at once', async t => {
  t.same(settingsErrors(Filled, { main: { field_1: -10, field_2: 'hello world' } }, say), {
    main: { field_1: NEGATIVE },
    additional: { field_4: REQUIRED }
  })
  t.same(settingsErrors(Filled, { main: { field_1: -1, field_2: '' }, additional: { field_4: '' } }, say), {
    main: { field_1: NEGATIVE, field_2: EMPTY },
    additional: { field_4: EMPTY }
  })
})

/** The errors of a value of a field. */
const errorsOf = (field: TSchema, value: unknown) =>
  settingsErrors(
    form({ title: 'F', button: 'B' }, { g: group({ title: 'G' }, { f: field }) }),
    { g: { f: value } },
    say
  ).g?.f

const title = { title: 'T' }
const choices = { a: { title: 'A', group: '' }, b: { title: 'B', group: '' }, c: { title: 'C', group: '' } }

t.test('every definition says which type it wants', async t => {
  const wrong: [TSchema, unknown[], string][] = [
    [string(title), [5, true, ['x'], {}], 'Should be a text'],
    [markdown(title), [5], 'Should be a text'],
    [password(title), [5, ['a']], 'Should be a text'],
    [file(title), [5], 'Should be a text'],
    [integer(title), [1.5, '5', true, [1]], 'Should be a whole number'],
    [float(title), ['1.5', true], 'Should be a number'],
    [boolean(title), ['true', 1], 'Should be yes or no'],
    [listOfEnum({ ...title, values: choices }), ['a', { a: 'b' }, 5], 'Should be a list']
  ]
  for (const [field, values, message] of wrong)
    for (const value of values) t.same(errorsOf(field, value), [message], `${message}: ${JSON.stringify(value)}`)
})

t.test('every rule says what it wants', async t => {
  const wrong: [TSchema, unknown, string][] = [
    [string({ ...title, minLength: 2 }), 'a', 'Should have at least 2 characters'],
    [string({ ...title, minLength: 1 }), '', 'Should not be empty'],
    [string({ ...title, pattern: '\\S' }), ' ', 'Should not be empty'],
    [string({ ...title, maxLength: 2 }), 'abc', 'Should have at most 2 characters'],
    [string({ ...title, pattern: '^a' }), 'b', 'Is not written as it should be'],
    [password(title), '', 'Should not be empty'],
    [file(title), 'abc', 'Should be a valid uri'],
    [integer({ ...title, minimum: 0, maximum: 10 }), -1, 'Should be at least 0'],
    [integer({ ...title, minimum: 0, maximum: 10 }), 11, 'Should be at most 10'],
    [float({ ...title, minimum: 0.5 }), 0.4, 'Should be at least 0.5'],
    [listOfEnum({ ...title, values: choices }), ['d'], 'Is not one of the choices'],
    [listOfEnum({ ...title, values: choices, limit: { min: 2 } }), ['a'], 'Choose at least 2'],
    [listOfEnum({ ...title, values: choices, limit: { max: 1 } }), ['a', 'b'], 'Choose at most 1'],
    [listOfEnum({ ...title, values: choices }), ['a', 'a'], 'Choose each only once'],
    [listOfEnum({ ...title, values: 'found' }), [{}], 'Should be a text']
  ]
  for (const [field, value, message] of wrong) t.same(errorsOf(field, value), [message], message)
})

t.test('several faults of one field are all told, each once', async t => {
  t.same([...(errorsOf(listOfEnum({ ...title, values: choices, limit: { max: 2 } }), ['x', 'y', 'z']) ?? [])].sort(), [
    'Choose at most 2',
    'Is not one of the choices'
  ])
})

t.test('good values pass, whole numbers as floats and any JSON of an iframe among them', async t => {
  const good: [TSchema, unknown][] = [
    [string(title), ''],
    [string({ ...title, pattern: '\\S' }), '0'],
    [integer({ ...title, minimum: 0, maximum: 10 }), 10],
    [integer(title), 2.0],
    [float(title), 2],
    [boolean(title), false],
    [file(title), 'http://127.0.0.1/x.png'],
    [iframe({ ...title, iframe: 'x' }), { any: ['json'] }],
    [iframe({ ...title, iframe: 'x' }), 'text'],
    [listOfEnum({ ...title, values: choices, limit: { min: 1, max: 2 } }), ['a', 'c']],
    [listOfEnum({ ...title, values: 'found' }), ['anything']],
    [tablePreview({ ...title, previewer: 'p' }), undefined]
  ]
  for (const [field, value] of good) t.equal(errorsOf(field, value), undefined, JSON.stringify(value))
})

t.test('what may be left out may be null or an empty list, what is needed may not', async t => {
  const list = listOfEnum({ ...title, values: choices, limit: { min: 1 } })
  for (const nothing of [undefined, null, []]) t.equal(errorsOf(optional(list), nothing), undefined)
  t.same(errorsOf(list, []), ['Choose at least 1'])
  t.same(errorsOf(list, null), REQUIRED)
  t.equal(errorsOf(optional(integer(title)), null), undefined)
})

t.test('a message is translated with its limit', async t => {
  const russian: Say = (message, params) => `${message}|${JSON.stringify(params ?? {})}`
  const schema = form(
    { title: 'F', button: 'B' },
    { g: group({ title: 'G' }, { f: integer({ ...title, maximum: 5 }) }) }
  )
  t.same(settingsErrors(schema, { g: { f: 6 } }, russian), { g: { f: ['Should be at most {limit}|{"limit":5}'] } })
})
