import t from 'tap'
import { plainText } from '../src/plain-text.ts'
import { alphabetOf, costOf, transliterated } from '../src/septets.ts'
import { split } from '../src/split.ts'

const parts = (words: string) => {
  const made = split(words)
  return made.kind === 'parts' ? made.parts : [`${made.parts} are too many`]
}

t.test('letters of the GSM alphabet cost a septet, some signs two, all others make it UCS-2', async t => {
  for (const [words, alphabet, cost] of [
    ['Hello @ £ é ü\n', 'gsm7', 14],
    ['^{}\\[~]|€', 'gsm7', 18],
    ['žltý', 'ucs2', 4],
    ['😀', 'ucs2', 2],
    ['', 'gsm7', 0]
  ] as const) {
    t.equal(alphabetOf(words), alphabet, words)
    t.equal(costOf(words, alphabet), cost, words)
  }
})

t.test('160 septets and 70 units are one SMS, one more makes two with their numbers', async t => {
  for (const [letter, room] of [
    ['a', 160],
    ['€', 80],
    ['ž', 70],
    ['😀', 35]
  ] as const) {
    t.same(parts(letter.repeat(room)), [letter.repeat(room)])
    const [first = '', second = '', ...more] = parts(letter.repeat(room + 1))
    t.same(more, [])
    t.match([first, second], [/^\(1\/2\) /, /^\(2\/2\) /])
    t.equal((first + second).replace(/\(\d\/2\) /g, ''), letter.repeat(room + 1), 'nothing is lost')
  }
})

t.test('every part fits, breaks at a space, and nothing is lost on the way', async t => {
  for (const word of ['slovo', 'žluťoučký', 'a€b', '👨‍👩‍👧', 'é']) {
    const words = Array.from({ length: 75 }, (_, index) => `${word}${index}`).join(' ')
    const made = parts(words)
    t.ok(made.length > 1 && made.length <= 20, word)
    for (const part of made) t.ok(costOf(part, alphabetOf(words)) <= (alphabetOf(words) === 'gsm7' ? 160 : 70), part)
    t.equal(made.map(part => part.replace(/^\(\d+\/\d+\) /, '')).join(' '), words)
  }
})

t.test('what looks like one letter is not torn apart', async t => {
  for (const part of parts('👨‍👩‍👧'.repeat(20))) t.match(part, /^\(\d\/\d\) (👨‍👩‍👧)+$/u)
})

t.test('ten parts have numbers of two digits, and more than twenty are too many', async t => {
  const ten = parts('a'.repeat(1_500))
  t.equal(ten.length, 10)
  t.match(ten[9], /^\(10\/10\) a+$/)
  t.same(split('a'.repeat(20 * 152)).kind, 'parts')
  t.same(split('a'.repeat(20 * 152 + 1)), { kind: 'too-long', parts: 21 })
  t.match(split(`a${'\u0301'.repeat(5_000)}`), { kind: 'too-long' })
})

t.test('diacritics and typographic signs are written without, and foreign letters stay', async t => {
  for (const [from, to] of [
    ['Príliš žltý kôň', 'Prilis zlty kon'],
    ['ÁČĎÉÍĹĽŇÓÔŔŠŤÚÝŽ', 'ACDÉILLNOORSTUYZ'],
    ['z\u030c', 'z'],
    ['„Áno“ – 5\u00a0€…', '"Ano" - 5 €...'],
    ['ﬁ ½', 'fi ½'],
    ['Привет 😀', 'Привет 😀']
  ] as const)
    t.equal(transliterated(from), to)
})

t.test('markdown is read by its meaning', async t => {
  for (const [markdown, words] of [
    ['**Hi** _you_ `x`', 'Hi you x'],
    ['# Title\n\ntext\nmore', 'Title\n\ntext\nmore'],
    ['- a\n- b', '- a\n- b'],
    ['- a\n\n- b\n  - c', '- a\n- b\n- c'],
    ['3. a\n4. b', '3. a\n4. b'],
    ['+ delivery 300', '+ delivery 300'],
    ['Total 900\n+ delivery 300\n* gift', 'Total 900\n+ delivery 300\n* gift'],
    ['5) five\n7) seven\n\n2. two\n2. two', '5) five\n7) seven\n\n2. two\n2. two'],
    ['- a\n+ b\n\ntext', '- a\n+ b\n\ntext'],
    ['- a\n  1) b\n  * c', '- a\n1) b\n* c'],
    ['[shop](https://e.com/?a=1&b=2)', 'shop (https://e.com/?a=1&b=2)'],
    ['<https://e.com>', 'https://e.com'],
    ['2 < 3 & 4 > 1', '2 < 3 & 4 > 1'],
    ['```\na\n  b\n```', 'a\n  b'],
    ['snake_case_name 5*3*2', 'snake_case_name 5*3*2'],
    ['120*60*75 cm <ABC-123> if a<b and c>d', '120*60*75 cm <ABC-123> if a<b and c>d'],
    ['![a cat](https://e.com/c.png)', 'a cat']
  ] as const)
    t.equal(await plainText({ text: markdown, format: 'markdown' }), words, markdown)
})

t.test('html is read by its meaning, however broken', async t => {
  for (const [html, words] of [
    ['<p>Tom &amp; Jerry</p><p>a<br>b</p>', 'Tom & Jerry\n\na\nb'],
    ['a <b>b</b>\n   c', 'a b c'],
    ['<ol><li>x</li><li>y</ol>', '1. x\n2. y'],
    ['<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>', 'a b\nc'],
    ['<script>alert(1)</script><style>x</style>ok', 'ok'],
    ['<a href="mailto:a@e.com">a@e.com</a> <a href="tel:+421">call</a>', 'a@e.com call (+421)'],
    ['<div>a<div>b</div></div><!-- c --', 'a\nb'],
    ['<b>&nope; &euro;', '&nope; €']
  ] as const)
    t.equal(await plainText({ text: html, format: 'html' }), words, html)
})

t.test('long runs of anything are read in the time that they take', async t => {
  const long = 200_000
  for (const format of ['text', 'html'] as const)
    for (const unit of [' ', '\u00a0', '\n', '<br> ', '<p> </p>'])
      t.ok(
        (await plainText({ text: `<pre>a${unit.repeat(long / unit.length)}b</pre>`, format })).length > 1,
        `${format} ${unit}`
      )
  t.match(split('a '.repeat(1_000_000)), { kind: 'too-long' })
})

t.test('html that nests without end is no harm', async t => {
  t.equal(await plainText({ text: `a${'<div>'.repeat(20_000)}b`, format: 'html' }), 'a')
})

t.test('plain text loses what XML cannot carry, and nothing else', async t => {
  t.equal(await plainText({ text: ' a\tb\r\nc\u0000\u0007 \ud800<&>"\u2028', format: 'text' }), 'a b\nc �<&>"')
  t.equal(await plainText({ text: '**a**', format: 'text' }), '**a**')
})
