import { markdownHtml } from 'channel-kit/markdown'
import t from 'tap'

/** Text of agents arrives, though it looks like markup. */

const kept = async (text: string) => (await markdownHtml(text, { html: 'kept' })).trim()

t.test('a sign within a word or a number is a sign', async t => {
  for (const [text, html] of [
    ['Box 120*60*75 cm', '<p>Box 120*60*75 cm</p>'],
    ['a**b**c', '<p>a**b**c</p>'],
    ['*now* and **today**', '<p><em>now</em> and <strong>today</strong></p>'],
    ['(*now*)', '<p>(<em>now</em>)</p>']
  ] as const)
    t.equal(await kept(text), html)
})

t.test('what is no tag of HTML is text', async t => {
  for (const [text, html] of [
    ['code <ABC-123> here', '<p>code &lt;ABC-123&gt; here</p>'],
    ['<ABC-123>', '&lt;ABC-123&gt;'],
    ['if a<b and c>d', '<p>if a&lt;b and c&gt;d</p>'],
    ['a <b>word</b><br>', '<p>a <b>word</b><br></p>'],
    ['<a href="https://x.example/">x</a>', '<p><a href="https://x.example/">x</a></p>'],
    ['<script>alert(1)</script>', '<script>alert(1)</script>'],
    ['<div>a <X1> b</div>', '<div>a &lt;X1> b</div>']
  ] as const)
    t.equal(await kept(text), html)
})

t.test('a list says how it was typed to who asks for that, and to nobody else', async t => {
  const typed = '+ a\n+ b\n\n7) c'
  t.notMatch(await kept(typed), /data-/)
  const marked = await markdownHtml(typed, { html: 'kept', marks: true })
  t.same(marked.match(/data-mark="[^"]*"/g), ['data-mark="+"', 'data-mark="+"', 'data-mark="7)"'])
  t.notMatch(marked, /data-(?:before|after)/)
  t.match(
    await markdownHtml('Sum\n+ a', { html: 'kept', marks: true }),
    /<p data-after="line">Sum<.*<ul data-before="line">/s
  )
})
