import {
  boolean,
  float,
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
import {
  type Data,
  effectiveSettings,
  mergeData,
  readSettings,
  shownSettings,
  splitSecrets
} from '../../src/protocol/settings.ts'

const Example = form(
  { title: 'F', button: 'B' },
  {
    main: group(
      { title: 'Main' },
      { prefix: string({ title: 'Prefix' }), key: optional(password({ title: 'Key', default: 'preset' })) }
    )
  }
)

const Typed = form(
  { title: 'F', button: 'B' },
  {
    main: group(
      { title: 'Main' },
      {
        name: string({ title: 'Name', default: 'nobody' }),
        count: optional(integer({ title: 'Count', default: 3 })),
        rate: optional(float({ title: 'Rate' })),
        on: optional(boolean({ title: 'On' })),
        modes: optional(listOfEnum({ title: 'Modes', values: 'modes', limit: { min: 1 } })),
        info: markdownPreview({ title: 'Info', previewer: 'info' })
      }
    ),
    none: group({ title: 'None' }, {})
  }
)

const read = (schema: typeof Example | typeof Typed, body: unknown, kept: Data = {}, texts = false) =>
  readSettings(schema, body, kept, { texts })

t.test(
  'a password is kept, replaced and cleared as the reference does it, and only whether it is set is shown',
  async t => {
    let kept: Data = {}
    const put = (body: unknown) => {
      kept = read(Example, body, kept)
      return shownSettings(Example, kept)
    }

    t.same(shownSettings(Example, {}), { main: { key: false } })
    t.same(put({ main: { prefix: 'a', key: 's3' } }), { main: { prefix: 'a', key: true } })
    t.same(kept, { main: { prefix: 'a', key: 's3' } })
    t.same(put({ main: { prefix: 'b' } }), { main: { prefix: 'b', key: true } })
    t.same(kept, { main: { prefix: 'b', key: 's3' } })
    t.same(put({ main: { prefix: 'b', key: '' } }), { main: { prefix: 'b', key: false } })
    t.same(shownSettings(Example, kept), { main: { prefix: 'b', key: false } })
  }
)

t.test('a password sent back as GET shows it changes nothing', async t => {
  t.same(read(Example, { main: { key: true } }, { main: { key: 's3' } }), { main: { key: 's3' } })
  t.same(read(Example, { main: { key: true } }), {}, 'and makes none out of nothing')
})

t.test('a password that is null, false or empty is cleared, and stays cleared', async t => {
  for (const empty of [null, false, '']) {
    const data = read(Example, { main: { key: empty } }, { main: { key: 's3' } })
    t.same(data, { main: { key: null } })
    t.same(shownSettings(Example, data), { main: { key: false } })
    t.same(shownSettings(Example, read(Example, { main: {} }, data)), { main: { key: false } })
  }
})

t.test('what is saved replaces everything but passwords', async t => {
  t.same(read(Example, {}, { main: { prefix: 'a', key: 's3' } }), { main: { key: 's3' } })
})

t.test('what is not in the form is dropped, wherever it stands', async t => {
  const body = {
    main: { prefix: 'P', extra: 'e', 'a.b': 1 },
    other: { a: 1 },
    scalar: 5,
    'main.prefix': 'x',
    'x.y': {}
  }
  t.same(read(Example, body), { main: { prefix: 'P' } })
})

t.test('a body or a group that is no map has nothing in it', async t => {
  for (const body of [null, 'x', 5, [], ['x'], { main: 'x' }, { main: null }, { main: ['x'] }, { 'main.prefix': 'P' }])
    t.same(read(Example, body), {}, JSON.stringify(body))
})

t.test('a null is kept as a null, and a preview holds no value', async t => {
  t.same(read(Typed, { main: { count: null, info: 'x' } }), { main: { count: null } })
})

t.test('numbers among the keys of a list are keys', async t => {
  t.same(read(Typed, { main: { modes: [5, 'a', 0] } }), { main: { modes: ['5', 'a', '0'] } })
})

t.test('a web form writes numbers and booleans as texts, which are read as what they mean', async t => {
  const main = (fields: object) => read(Typed, { main: fields }, {}, true)
  t.same(main({ name: '5', count: '4', rate: '1.5', on: '1', modes: ['a'] }), {
    main: { name: '5', count: 4, rate: 1.5, on: true, modes: ['a'] }
  })
  t.same(main({ count: ' 7 ', rate: '-2e3' }), { main: { count: 7, rate: -2000 } })
  for (const [text, meant] of [
    ['true', true],
    ['0', false],
    ['false', false]
  ] as const)
    t.same(main({ on: text }), { main: { on: meant } })
})

t.test('a text of a web form that means no number or boolean stays, to be refused', async t => {
  const fields = { count: 'abc', rate: '1,5', on: 'perhaps' }
  t.same(read(Typed, { main: fields }, {}, true), { main: fields })
})

t.test('in JSON a text is a text', async t => {
  const fields = { count: '4', rate: '1.5', on: '1' }
  t.same(read(Typed, { main: fields }), { main: fields })
})

t.test('a channel gets defaults for what was never saved, and no nulls', async t => {
  t.same(effectiveSettings(Typed, {}), { main: { name: 'nobody', count: 3 }, none: {} })
  t.same(effectiveSettings(Typed, { main: { name: 'me', count: null } }), { main: { name: 'me' }, none: {} })
  t.same(effectiveSettings(Typed, { main: { count: 0, on: false, rate: 0 } }), {
    main: { name: 'nobody', count: 0, on: false, rate: 0 },
    none: {}
  })
})

t.test('a list in which nothing is chosen is not there, where it may be left out', async t => {
  t.same(effectiveSettings(Typed, { main: { modes: [] } }), { main: { name: 'nobody', count: 3 }, none: {} })
})

t.test('a channel gets nothing while a field that it needs is missing or wrong', async t => {
  t.equal(effectiveSettings(Example, {}), undefined)
  t.equal(effectiveSettings(Example, { main: { prefix: null } }), undefined)
  t.equal(effectiveSettings(Typed, { main: { count: 'x' } }), undefined)
})

t.test('a cleared password does not fall back to its default', async t => {
  t.same(effectiveSettings(Example, { main: { prefix: 'P', key: null } }), { main: { prefix: 'P' } })
})

t.test('secrets are split from the rest and merged with it again, nothing lost', async t => {
  const data = { main: { prefix: 'P', key: 's3' } }
  const { open, secret } = splitSecrets(Example, data)
  t.same(open, { main: { prefix: 'P' } })
  t.same(secret, { main: { key: 's3' } })
  t.same(mergeData(open, secret), data)
  t.same(splitSecrets(Example, { main: { key: null } }), { open: {}, secret: { main: { key: null } } })
})

t.test('what is shown is a copy', async t => {
  const data = { main: { prefix: 'P', key: 's3' } }
  shownSettings(Example, data)
  t.same(data, { main: { prefix: 'P', key: 's3' } })
})
