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
import { Value } from 'typebox/value'

/** A form is JSON Schema: what the builders write, what it lets pass, and what they refuse to write. */

const label = { title: 'My field', description: 'My description', context: 'My context value' }
const note = (more: object) => ({ ...more, context: 'My context value' })
const plain = { title: 'My field', description: 'My description' }
const three = {
  0: { title: 'zero', group: 'group' },
  1: { title: 'one', group: 'group' },
  2: { title: 'two', group: 'group' }
}

t.test('each builder writes the keywords of JSON Schema, and the CRM’s own words under x-field', async t => {
  for (const [schema, wanted] of [
    [
      string({ ...label, default: 'a', pattern: '^a', minLength: 1, maxLength: 9, format: 'email' }),
      {
        ...plain,
        type: 'string',
        default: 'a',
        pattern: '^a',
        minLength: 1,
        maxLength: 9,
        format: 'email',
        'x-field': note({ definition: 'string', multiline: false })
      }
    ],
    [
      multiline({ ...label, default: 'a\nb' }),
      { ...plain, type: 'string', default: 'a\nb', 'x-field': note({ definition: 'string', multiline: true }) }
    ],
    [markdown(label), { ...plain, type: 'string', 'x-field': note({ definition: 'markdown' }) }],
    [
      integer({ ...label, default: 3, minimum: 0, maximum: 10 }),
      { ...plain, type: 'integer', default: 3, minimum: 0, maximum: 10, 'x-field': note({ definition: 'integer' }) }
    ],
    [
      float({ ...label, default: 1.5 }),
      { ...plain, type: 'number', default: 1.5, 'x-field': note({ definition: 'float' }) }
    ],
    [
      boolean({ ...label, default: false }),
      { ...plain, type: 'boolean', default: false, 'x-field': note({ definition: 'boolean' }) }
    ],
    [
      password(label),
      { ...plain, type: 'string', minLength: 1, writeOnly: true, 'x-field': note({ definition: 'password' }) }
    ],
    [
      password({ ...label, minLength: 8 }),
      { ...plain, type: 'string', minLength: 8, writeOnly: true, 'x-field': note({ definition: 'password' }) }
    ],
    [file(label), { ...plain, type: 'string', format: 'uri', 'x-field': note({ definition: 'file' }) }],
    [
      iframe({ ...label, iframe: 'example.html', default: { a: 1 } }),
      { ...plain, default: { a: 1 }, 'x-field': note({ definition: 'iframe', iframe: 'example.html' }) }
    ],
    [
      tablePreview({ ...label, previewer: 'mine' }),
      { ...plain, 'x-field': note({ definition: 'tablePreview', previewer: 'mine' }) }
    ],
    [
      markdownPreview({ ...label, previewer: 'mine' }),
      { ...plain, 'x-field': note({ definition: 'markdownPreview', previewer: 'mine' }) }
    ],
    [
      listOfEnum({ ...label, values: three, limit: { min: 1, max: 10 }, default: ['1'] }),
      {
        ...plain,
        type: 'array',
        items: { type: 'string', enum: ['0', '1', '2'] },
        minItems: 1,
        maxItems: 10,
        default: ['1'],
        'x-field': note({ definition: 'listOfEnum', values: three })
      }
    ],
    [
      listOfEnum({ ...label, values: 'example' }),
      {
        ...plain,
        type: 'array',
        items: { type: 'string' },
        'x-field': note({ definition: 'listOfEnum', values: 'example' })
      }
    ]
  ] as const)
    t.same(json(schema), wanted)
})

t.test('what is not given is not written', async t => {
  t.same(json(string({ title: 'Bare' })), {
    type: 'string',
    title: 'Bare',
    'x-field': { definition: 'string', multiline: false }
  })
  for (const [limit, written] of [
    [{}, {}],
    [{ min: 5 }, { minItems: 5 }],
    [{ max: 10 }, { maxItems: 10 }],
    [
      { min: 0, max: 0 },
      { minItems: 0, maxItems: 0 }
    ]
  ] as const) {
    const { minItems, maxItems } = json(listOfEnum({ title: 'List', values: 'x', limit })) as Record<string, number>
    t.same(
      { ...(minItems === undefined ? {} : { minItems }), ...(maxItems === undefined ? {} : { maxItems }) },
      written
    )
  }
})

t.test('the schema of a form lets pass what its fields allow, and nothing else', async t => {
  const settings = form(
    { title: 'Form', description: 'All of it', button: 'Save' },
    {
      main: group(
        { title: 'Main', description: 'First', dependencies: { preview: ['name', 'list'] } },
        {
          name: string({ title: 'Name', minLength: 1 }),
          secret: password({ title: 'Secret' }),
          count: optional(integer({ title: 'Count', minimum: 0 })),
          logo: optional(file({ title: 'Logo' })),
          list: optional(listOfEnum({ title: 'List', values: three, limit: { max: 2 } })),
          anything: optional(iframe({ title: 'Frame', iframe: 'x.html' })),
          preview: tablePreview({ title: 'Preview', previewer: 'p' })
        }
      ),
      none: group({ title: 'None' }, {})
    }
  )
  t.match(json(settings), {
    title: 'Form',
    description: 'All of it',
    type: 'object',
    'x-form': { button: 'Save' },
    required: ['main', 'none'],
    properties: {
      main: {
        title: 'Main',
        description: 'First',
        required: ['name', 'secret'],
        'x-group': { dependencies: { preview: ['name', 'list'] } }
      },
      none: { title: 'None', 'x-group': { dependencies: {} } }
    }
  })

  const valid = { name: 'a', secret: 's' }
  const passes = (main: object) => Value.Check(settings, { main, none: {} })
  for (const more of [
    {},
    { count: 0 },
    { logo: 'https://example.com/a.png' },
    { list: ['0', '2'] },
    { list: [] },
    { anything: [{ a: null }] },
    { preview: 1 }
  ])
    t.ok(passes({ ...valid, ...more }), JSON.stringify(more))
  for (const wrong of [
    { name: '' },
    { name: 1 },
    { secret: '' },
    { count: -1 },
    { count: 0.5 },
    { logo: 'no link' },
    { list: ['3'] },
    { list: ['0', '1', '2'] },
    { list: '0' }
  ])
    t.notOk(passes({ ...valid, ...wrong }), JSON.stringify(wrong))
  t.notOk(passes({ name: 'a' }), 'a field that is not optional must be there')
})

t.test('valid choices are kept as they are, given or computed', async t => {
  for (const values of [three, () => three]) {
    const schema = json(listOfEnum({ title: 'List', values })) as { 'x-field': object; items: object }
    t.same(schema['x-field'], { definition: 'listOfEnum', values: three })
    t.same(schema.items, { type: 'string', enum: ['0', '1', '2'] })
  }
  t.doesNotThrow(
    () => listOfEnum({ title: 'List', values: { 1: { title: 1, group: false } } }),
    'any scalar is a title'
  )
})

t.test('choices that a form could not show are refused, with their key', async t => {
  for (const [choice, problem] of [
    ['zero', 'No item info (title & group)'],
    [null, 'No item info (title & group)'],
    [{ group: 'group' }, 'No item title'],
    [{ title: null, group: 'group' }, 'No item title'],
    [{ title: 'title' }, 'No item group'],
    [{ title: [], group: 'group' }, 'Title is not scalar'],
    [{ title: 'title', group: [] }, 'Group is not scalar'],
    [{ 0: 'zero', 1: 'one', 2: {} }, 'No item title']
  ] as const) {
    const values = { 0: three[0], bad: choice } as unknown as typeof three
    for (const given of [values, () => values])
      t.throws(() => listOfEnum({ title: 'List', values: given }), { message: `${problem} for choice "bad"` })
  }
})

t.test('a field depends on fields of its own group only', async t => {
  const fields = { use: integer({ title: 'Use' }), printCaption: boolean({ title: 'Print' }) }
  const depending = (dependencies: Record<string, string[]>) => group({ title: 'Group', dependencies }, fields)

  t.throws(() => depending({ abc: ['def'] }), { message: 'Invalid field name "abc" in dependency key' })
  t.throws(() => depending({ use: ['def'] }), { message: 'Invalid dependency "def" for "use"' })
  t.throws(() => depending({ use: ['printCaption', 'def'] }), { message: 'Invalid dependency "def" for "use"' })
  for (const inherited of ['toString', 'constructor']) {
    t.throws(() => depending({ [inherited]: ['use'] }), {
      message: `Invalid field name "${inherited}" in dependency key`
    })
    t.throws(() => depending({ use: [inherited] }), { message: `Invalid dependency "${inherited}" for "use"` })
  }

  t.match(json(depending({ printCaption: ['use'] })), { 'x-group': { dependencies: { printCaption: ['use'] } } })
  t.same((json(group({ title: 'Group' }, fields)) as Record<string, unknown>)['x-group'], { dependencies: {} })
})

/** A schema as it is on the wire. */
function json(schema: object): unknown {
  return JSON.parse(JSON.stringify(schema))
}
