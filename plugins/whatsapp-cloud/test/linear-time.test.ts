import { cpuUsage } from 'node:process'
import t from 'tap'
import { quoteOf } from '../src/incoming/quote.ts'
import { written } from '../src/markup/content.ts'
import { split } from '../src/markup/split.ts'

const SIZE = 64 * 1024

/** Texts that made one parser or another take seconds, minutes or all of the stack. */
const UNITS = [
  '_a__',
  '*a**',
  '***a',
  '**a_',
  '*a _b ~c ',
  '_',
  '*',
  '~',
  '~~a ',
  '*_',
  'a*',
  '`',
  '`` ` ',
  '`a``',
  '``` \n',
  '[',
  ']',
  '[a](',
  '[](',
  '![',
  '![a](b',
  '[a](b)',
  '[[a](b)',
  '](',
  '[a](b "',
  '[a](<',
  '(',
  'https://',
  'https://(',
  'https://a.....',
  'http',
  'h',
  '<',
  '<a',
  '<a ',
  '<a "',
  '<a="',
  "<a='",
  '<b>',
  '</b>',
  '<b><i>',
  '<b a=1>',
  '</b><b>',
  '<br>',
  '<p>',
  '<div>',
  '<ol>',
  '<ul><li>',
  '<li>',
  '<blockquote>',
  '<table>',
  '<table><tr><td>',
  '<td>',
  '<tr>',
  '<!--',
  '<!-',
  '<!doctype ',
  '<?xml',
  '<script>',
  '<svg>',
  '<head>',
  '<pre>',
  '<code>',
  '<a href=x>',
  '<a href="https://a.b">',
  '<h1>',
  '<input type=checkbox>',
  '<img src=',
  '<o:p>',
  'x@',
  '<x@',
  '&',
  '&a',
  '&amp;',
  '&#',
  '&#1',
  '\\',
  '\\\\',
  '\\[',
  '- ',
  '- \n',
  ' - a\n',
  '1. ',
  '> ',
  '>',
  '> \n',
  '>>>a\n\n',
  '# ',
  '#',
  '# #',
  '# a\n',
  '|',
  '|-',
  'a|b\n-|-\n',
  '|a',
  '--',
  '---\n',
  '- - ',
  '* * ',
  '~~~\n',
  '\n',
  ' ',
  ' \n',
  '\t',
  ' a',
  '.',
  '."',
  '! ',
  '\u200D',
  '\uD83D',
  '👨‍👩‍👧',
  '\uE000',
  '[x]\n',
  '> a\n'
] // prettier-ignore

const START = ['', '<ol>', '<table>', '`', '|a|b|c|\n|-|-|-|\n', '[', '<a ', '# ', '- ', 'a\n']
const END = ['', 'x', '\n', '>', ')', '](x)', '`']

const WAYS = {
  markdown: (text: string) => written(text, 'markdown', false),
  html: (text: string) => written(text, 'html', false),
  'plain html': (text: string) => written(text, 'html', true),
  parts: (text: string) => split(text).join(''),
  quote: (text: string) => quoteOf({ content: { text, format: 'text' }, attachments: [] })
} as const

function tookMs(work: () => string): number {
  const before = cpuUsage()
  work()
  const { user, system } = cpuUsage(before)
  return (user + system) / 1_000
}

t.test('no text of 64 KiB takes a way through it more than its length', async t => {
  for (const way of Object.values(WAYS)) way('warm up '.repeat(5_000))
  const slow: string[] = []
  let most = 0
  for (const [name, way] of Object.entries(WAYS))
    for (const unit of UNITS) {
      const start = START[UNITS.indexOf(unit) % START.length] ?? ''
      const end = END[UNITS.indexOf(unit) % END.length] ?? ''
      for (const [head, tail] of [
        ['', ''],
        [start, end]
      ] as const) {
        const text = head + unit.repeat(Math.ceil(SIZE / unit.length)) + tail
        const ms = tookMs(() => way(text))
        most = Math.max(most, ms)
        // Quadratic ones take seconds; the second try is for a machine that does something else.
        if (ms > 500 && tookMs(() => way(text)) > 500)
          slow.push(`${name} ${JSON.stringify(head + unit + tail)}: ${ms} ms`)
      }
    }
  t.same(slow, [])
  t.comment(`the slowest took ${most} ms`)
})

t.test('what is shown is no more than a few times what was typed', async t => {
  for (const unit of UNITS) {
    const text = unit.repeat(Math.ceil(8_192 / unit.length))
    for (const format of ['markdown', 'html'] as const)
      t.ok(written(text, format, false).length <= 20 * text.length, JSON.stringify(unit))
  }
})
