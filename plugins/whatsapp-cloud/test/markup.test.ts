import t from 'tap'
import { written } from '../src/markup/content.ts'
import { split } from '../src/markup/split.ts'

const markdown = (text: string) => written(text, 'markdown', false)
const html = (text: string) => written(text, 'html', false)

t.test('Markdown becomes what WhatsApp shows in the same way', async t => {
  for (const [text, wanted] of [
    ['**b** __b__ *i* _i_ ***x*** ~~s~~ `c*d*`', '*b* *b* _i_ _i_ _*x*_ ~s~ `c*d*`'],
    ['# Head\ntext\nmore', '*Head*\n\ntext\nmore'],
    ['- a\n- b\n  - c\n\n3. x\n4. y', '- a\n- b\n  - c\n\n3. x\n4. y'],
    ['- [x] done\n- [ ] open', '- ☑ done\n- ☐ open'],
    [
      '[t](https://u.co) <https://u.co/> [https://u.co](https://u.co) [m](mailto:m@u.co)',
      't (https://u.co) https://u.co/ https://u.co m (m@u.co)'
    ],
    ['![a](https://u.co/i.png) ![](https://u.co/j.png)', 'a: https://u.co/i.png https://u.co/j.png'],
    ['> q1\n> q2\n\nafter', '> q1\n> q2\n\nafter'],
    ['```js\nlet a  = 1\n\n  b **c**\n```\nx', '```let a  = 1\n\n  b **c**```\n\nx'],
    ['|a|b|c|\n|-|-|-|\n|1|22|3|', '```a  b   c\n1  22  3```'],
    ['|a|b|\n|-|-|\n|1|2|', 'a: b\n1: 2'],
    ['a\n\n---\n\nb', 'a\n\n───\n\nb'],
    ['a & b < c &amp; "d" \\*e\\*', 'a & b < c & "d" *e*'],
    ['a\n\n\n\n\nb', 'a\n\nb'],
    ['<b>html</b> in it', '*html* in it'],
    ['2 * 3 * 4 and snake_case_name', '2 * 3 * 4 and snake_case_name']
  ] as const)
    t.equal(markdown(text), wanted, text)
})

t.test('markers stand where WhatsApp reads them as such, and nowhere else', async t => {
  for (const [text, wanted] of [
    ['<b> a </b>x', '*a* x'],
    ['foo<b>bar</b>baz', 'foobarbaz'],
    ['<b>a</b>, (<i>b</i>)!', '*a*, (_b_)!'],
    ['<b>a<br>b</b>', '*a*\n*b*'],
    ['<b><b>a</b></b>', '*a*'],
    ['<b>a <i>b</i></b>', '*a _b_*'],
    ['<b></b><i> </i>x', 'x'],
    ['\uE000a\uE001', '\uE000a\uE001'],
    ['<b>a</b><b>b</b> c', '*ab* c']
  ] as const)
    t.equal(html(text), wanted, text)
})

t.test('HTML becomes a text by what it means, and never by its tags', async t => {
  for (const [text, wanted] of [
    ['<p>Hi <strong>x</strong></p><p>y<br>z</p><div>d</div><div>e</div>', 'Hi *x*\n\ny\nz\n\nd\ne'],
    ['a<script>alert(1)</script><style>p{}</style><!-- c --><title>t</title>b', 'ab'],
    ['<ul><li><p>a</p></li><li>b<ol start="4"><li>n</li></ol></li></ul>', '- a\n- b\n  4. n'],
    ['<u>u</u> <span style="color:red">s</span> <font>f</font> <del>d</del>', 'u s f ~d~'],
    ['&lt;b&gt; &amp;amp; &#128512; &nbsp;x', '<b> &amp; 😀 x'],
    ['<h3>H</h3>t', '*H*\n\nt'],
    ['<pre><code>a  b\n c</code></pre>', '```a  b\n c```'],
    ['<code>a`b</code>', '```a`b```'],
    ['<blockquote><p>q</p><p>r</p></blockquote>', '> q\n>\n> r'],
    ['<a href="javascript:x">t</a> <a>u</a> <img src="data:x" alt="i">', 't u i'],
    [
      '<table><thead><tr><th>k</th><th>v</th></tr></thead><tbody><tr><td>1</td><td>2</td></tr></tbody></table>',
      'k: v\n1: 2'
    ],
    ['<p>unclosed <b>bold', 'unclosed *bold*'],
    ['<p> </p><br>', '']
  ] as const)
    t.equal(html(text), wanted, text)
})

t.test('what an agent typed arrives, whatever it looks like', async t => {
  for (const text of [
    'Box 120*60*75 cm, 3 pcs',
    'Your code: <ABC-123> keep it',
    'if a<b and c>d then x',
    'Total 1000\n+ delivery 300',
    '1. a\n1. b\n7) c',
    '2026. year\n* star\n- dash',
    '- a\n  - b\n  - c\n- d',
    '5**2 and 3**2, a_b_c, ~10~20',
    '<3 you & x <b>y',
    '`a and C:\\temp',
    '#5 is not #6',
    'see https://shop.example/a_b_c?x=*1*&copy=2.'
  ])
    t.equal(markdown(text), text)
  for (const text of ['a <b and c> d', '<ABC-123> it']) t.equal(html(text), text)
})

t.test('no marker touches an address, and a link says where it leads', async t => {
  const url = 'https://shop.example/a_b_c'
  t.equal(markdown(`Pay here: **${url}** now`), `Pay here: ${url} now`)
  t.equal(markdown(`**see ${url} now**`), `*see* ${url} *now*`)
  t.equal(markdown('[act](page5) [call](tel:+421900)'), 'act (page5) call (+421900)')
  t.equal(html(`<b><a href="${url}">Pay</a></b>`), `*Pay* (${url})`)
  t.equal(html('<a href="tel:+421900100009">Call us</a>'), 'Call us (+421900100009)')
  t.equal(html('<a href="tel:+421900100009">+421 900 100 009</a>'), '+421 900 100 009')
})

t.test('an empty line of an editor is one', async t => {
  t.equal(html('<div>Hi</div><div><br></div><div>Bye</div>'), 'Hi\n\nBye')
  t.equal(html('a<br>b<br><br>c'), 'a\nb\n\nc')
})

t.test('the ends of cells and items need not be written', async t => {
  t.equal(html('<table><tr><td>a<td>b<tr><td>c<td>d</table>x'), 'a: b\nc: d\n\nx')
  t.equal(html('<ol><li>a<li>b<ul><li>c</ul></ol>'), '1. a\n2. b\n  - c')
})

t.test('a plain text goes as it is', async t => {
  t.equal(written(' *a* <b>\r\n# c ', 'text', false), '*a* <b>\n# c')
})

t.test('where no markup can be there is none', async t => {
  t.equal(written('**b** `c` [t](https://u.co)', 'markdown', true), 'b c t (https://u.co)')
  t.equal(written('<p>a</p><p><i>b</i></p>', 'html', true), 'a\n\nb')
  t.equal(written('*a*', 'text', true), '*a*')
})

t.test('a long text is parted at the best place of its second half', async t => {
  const words = (count: number, end: string) => `${'word '.repeat(count).trim()}${end}`
  t.same(split('short'), ['short'])
  t.same(split(''), [])
  t.same(split('x'.repeat(4096)), ['x'.repeat(4096)])
  for (const [first, rest] of [
    [words(15, '.'), '\n\nB. C\nd'],
    [words(15, '.'), '\nB. c d'],
    [words(15, '.'), ' B c d'],
    [words(15, ''), ' b'.repeat(20)]
  ] as const)
    t.equal(split(first + rest, first.length + 6)[0]?.startsWith(first), true, JSON.stringify(rest))
  t.equal(split(`${words(15, '.')}\n\n${words(3, '')}\nx ${words(9, '')}`, 100)[0], words(15, '.'))
})

t.test('nothing is lost, nothing is too long, and no character is broken', async t => {
  for (const piece of ['👨‍👩‍👧‍👦', '🇸🇰', 'ä̈', 'слово ', 'https://example.com/a/long/path ', 'End. Next\n\nOne\n']) {
    const text = piece.repeat(Math.ceil(10_000 / piece.length)).trim()
    const parts = split(text)
    for (const part of parts) {
      t.ok(part.length <= 4096 && part.length > 0, piece)
      t.ok(part.isWellFormed(), piece)
    }
    t.equal(parts.join('').replace(/\s/g, ''), text.replace(/\s/g, ''), piece)
    if (!/\s/.test(piece)) for (const part of parts) t.equal(part.replaceAll(piece, ''), '', piece)
  }
})

t.test('a block of code that is parted goes on as one', async t => {
  const text = `before\n\`\`\`${'line of code\n'.repeat(20)}\`\`\`\nafter`
  const parts = split(text, 120)
  for (const part of parts) {
    t.equal(part.split('```').length % 2, 1, part)
    t.ok(part.length <= 120)
  }
  t.equal(parts.join('').replace(/[`\s]/g, ''), text.replace(/[`\s]/g, ''))
})
