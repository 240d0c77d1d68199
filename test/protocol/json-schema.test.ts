import {
  boolean,
  form,
  group,
  integer,
  listOfEnum,
  markdownPreview,
  optional,
  password,
  string
} from 'channel-kit/form'
import t from 'tap'
import { Value } from 'typebox/value'
import { jsonSchema } from '../../src/protocol/form.ts'

const Settings = form(
  { title: 'Settings', description: 'About', button: 'Save' },
  {
    main: group(
      { title: 'Main', dependencies: { summary: ['mode'] } },
      {
        name: string({ title: 'Name', description: 'Yours', minLength: 2 }),
        secret: password({ title: 'Secret' }),
        count: optional(integer({ title: 'Count', minimum: 0, default: 3, context: { unit: 's' } })),
        on: optional(boolean({ title: 'On' })),
        mode: optional(listOfEnum({ title: 'Mode', limit: { max: 1 }, values: { a: { title: 'A', group: 'G' } } })),
        summary: markdownPreview({ title: 'Summary', previewer: 'summary' })
      }
    )
  }
)

/** As it arrives. */
const schema = JSON.parse(JSON.stringify(jsonSchema(Settings, text => `<${text}>`)))

t.test('the form is a JSON Schema of 2020-12 that validates what an admin saves', async t => {
  t.equal(schema.$schema, 'https://json-schema.org/draft/2020-12/schema')
  t.ok(Value.Check(schema, { main: { name: 'me', secret: 'x', count: 0, on: true, mode: ['a'] } }))
  t.ok(Value.Check(schema, { main: { name: 'me', secret: 'x' } }))
  for (const main of [
    undefined,
    {},
    { name: 'me' },
    { name: 'm', secret: 'x' },
    { name: 'me', secret: '' },
    { name: 'me', secret: 'x', count: -1 },
    { name: 'me', secret: 'x', mode: ['b'] },
    { name: 'me', secret: 'x', mode: ['a', 'a'] }
  ])
    t.notOk(Value.Check(schema, { main }), JSON.stringify(main))
})

t.test('it says all that the form says, translated', async t => {
  t.match(schema, {
    type: 'object',
    title: '<Settings>',
    description: '<About>',
    'x-form': { button: '<Save>' },
    properties: {
      main: {
        title: '<Main>',
        required: ['name', 'secret'],
        'x-group': { dependencies: { summary: ['mode'] } },
        properties: {
          name: { title: '<Name>', description: '<Yours>', 'x-field': { definition: 'string', multiline: false } },
          secret: { writeOnly: true, 'x-field': { definition: 'password' } },
          count: { type: 'integer', minimum: 0, default: 3, 'x-field': { context: { unit: 's' } } },
          mode: { 'x-field': { definition: 'listOfEnum', values: { a: { title: '<A>', group: '<G>' } } } },
          summary: { 'x-field': { definition: 'markdownPreview', previewer: 'summary' } }
        }
      }
    }
  })
})

t.test('what has no description has none', async t => {
  t.notOk('description' in schema.properties.main)
  t.notOk('description' in schema.properties.main.properties.secret)
})
