import { readArguments, readDirectives, readPiped } from 'channel-kit/directives'
import t from 'tap'

const WORDS = ['template', 'cpf'] as const

t.test('the first lines that begin with a known word are directives, and the rest is the text', async t => {
  t.same(readDirectives('/cpf 123\n/template welcome name=Eva\n\nHello\n/cpf 4', WORDS), {
    directives: [
      { word: 'cpf', value: '123' },
      { word: 'template', value: 'welcome name=Eva' }
    ],
    text: 'Hello\n/cpf 4'
  })
})

t.test('a text that is only directives has no text', async t => {
  t.same(readDirectives('/cpf 1', WORDS), { directives: [{ word: 'cpf', value: '1' }], text: '' })
  t.same(readDirectives('/cpf', WORDS), { directives: [{ word: 'cpf', value: '' }], text: '' })
})

t.test('an unknown word leaves the text alone from there on', async t => {
  t.same(readDirectives('/start', WORDS), { directives: [], text: '/start' })
  t.same(readDirectives('/cpf 1\n/start\n/cpf 2', WORDS), {
    directives: [{ word: 'cpf', value: '1' }],
    text: '/start\n/cpf 2'
  })
  for (const text of ['/cpfx 1', '/ cpf', '//cpf', 'see /cpf', '/cpf/1', ''])
    t.same(readDirectives(text, WORDS), { directives: [], text }, text)
})

t.test('a phone may begin the line with a capital and end it as Windows does', async t => {
  t.same(readDirectives('  /Template  a b \r\nHi\r\nyou', WORDS), {
    directives: [{ word: 'template', value: 'a b' }],
    text: 'Hi\nyou'
  })
})

t.test('a text without directives keeps its line ends', async t => {
  t.equal(readDirectives(' a\r\nb ', WORDS).text, 'a\r\nb')
})

t.test('arguments are words, and names with a value', async t => {
  for (const [value, positional, named] of [
    ['', [], {}],
    ['a b', ['a', 'b'], {}],
    [' a   key=value  b ', ['a', 'b'], { key: 'value' }],
    ['key2="two words" x', ['x'], { key2: 'two words' }],
    ['"two words" key=', ['two words'], { key: '' }],
    ['k=1 k=2', [], { k: '2' }],
    ['méno=Eva', [], { méno: 'Eva' }],
    ['name=“Eva Malá” „ďalší pár“', ['ďalší pár'], { name: 'Eva Malá' }],
    [String.raw`q="a \"b\" \\ c"`, [], { q: 'a "b" \\ c' }],
    ['k="never ends here', ['ends', 'here'], { k: '"never' }],
    ['k="a"b c', ['c'], { k: '"a"b' }],
    ['https://e.com/?a=b 1=2 =x', ['https://e.com/?a=b', '1=2', '=x'], {}],
    ['k=a=b', [], { k: 'a=b' }]
  ] as const)
    t.same(readArguments(value), { positional, named }, value)
})

t.test('a bar separates arguments that have spaces', async t => {
  for (const [value, positional, named] of [
    ['', [], {}],
    ['welcome en | Eva Malá | total=5 €', ['welcome en', 'Eva Malá'], { total: '5 €' }],
    ['a||b', ['a', '', 'b'], {}],
    ['a | "total=5"', ['a', 'total=5'], {}],
    ['a | k = "x" ', ['a'], { k: 'x' }],
    [String.raw`a \| b | c`, ['a | b', 'c'], {}],
    ['1+1=2 | x y=z', ['1+1=2', 'x y=z'], {}],
    ['"open | say "hi" to her', ['"open', 'say "hi" to her'], {}]
  ] as const)
    t.same(readPiped(value), { positional, named }, value)
})

t.test('a name of the language itself is a name like any other', async t => {
  const { named } = readArguments('__proto__=x constructor=y')
  t.same(Object.entries(named), [
    ['__proto__', 'x'],
    ['constructor', 'y']
  ])
})
