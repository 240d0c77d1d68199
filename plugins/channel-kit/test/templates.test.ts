import { readTemplates } from 'channel-kit/template-list'
import { renderByCode, renderTemplate, templateProblem } from 'channel-kit/templates'
import t from 'tap'

const said = (template: string, parameters = {}) => renderTemplate(template, parameters)

t.test('a template is found by its code and shows its parameters', async t => {
  const templates = new Map([['hi', 'Hi {{ name }}']])
  t.same(renderByCode(templates, 'hi', { name: 'Eva' }), { kind: 'rendered', text: 'Hi Eva' })
  t.match(renderByCode(templates, 'ho', {}), { kind: 'unknown', code: 'ho', reason: 'There is no template "ho"' })
  t.match(renderByCode(templates, 'constructor', {}), { kind: 'unknown' })
})

t.test('a parameter stays as it is in plain text, and stays text in HTML', async t => {
  const company = { company: `Tom & <b>"Jerry's"</b>` }
  t.match(renderTemplate('<i>{{ company }}</i>', company), { text: `<i>Tom & <b>"Jerry's"</b></i>` })
  t.match(renderTemplate('<i>{{ company }}</i>', company, 'html'), {
    text: '<i>Tom &amp; &lt;b&gt;&#34;Jerry&#39;s&#34;&lt;/b&gt;</i>'
  })
})

t.test('a parameter that is missing is named, unless the template can do without', async t => {
  t.match(said('{{ name }}'), { kind: 'missing', parameter: 'name', reason: 'The template needs the parameter "name"' })
  t.match(said('{% for i in (1..2) %}{{ b.c }}{% endfor %}', { b: {} }), { kind: 'missing', parameter: 'b.c' })
  t.match(said('{{ name | default: "you" }}{% if name %}!{% endif %}'), { kind: 'rendered', text: 'you' })
  t.match(said('{{ name.constructor }}', { name: 'x' }), { kind: 'missing' }, 'only what was given is there')
})

t.test('a date is shown in the zone that it names', async t => {
  t.match(said('{{ at | date: "%-d. %-m. %H:%M" }}', { at: '2025-09-01T15:30:45+02:00' }), { text: '1. 9. 15:30' })
})

t.test('what is no Liquid is broken, and says where', async t => {
  for (const template of ['{{ name', '{% if x %}', '{% nope %}', '{{ name | nope }}']) {
    t.match(said(template, { name: '', x: 1 }), { kind: 'broken', detail: /line:1|not closed/ }, template)
    t.type(templateProblem(template), 'string', template)
  }
  t.equal(templateProblem('{{ name }}'), undefined)
})

t.test('a template reaches no file', async t => {
  for (const tag of ['include', 'render', 'layout', 'block'])
    t.match(said(`{% ${tag} "/etc/passwd" %}{% end${tag} %}`), { kind: 'broken', detail: /not found/ }, tag)
})

t.test('a template that takes too much time or space is broken', async t => {
  const long = 'a'.repeat(1_000)
  for (const template of [
    '{% for i in (1..100000000) %}{{ i }}{% endfor %}',
    '{% for i in (1..9000) %}{% for j in (1..9000) %}{% endfor %}{% endfor %}',
    `{% assign s = "${long}" %}{% for i in (1..30) %}{% assign s = s | append: s %}{% endfor %}{{ s }}`,
    '{{ "now" | date: "%100000000d" }}',
    'a'.repeat(70_000),
    `{% for i in (1..100) %}${long}{% endfor %}`
  ])
    t.match(said(template), { kind: 'broken' }, template.slice(0, 60))
})

t.test('a list has a template a line, with line breaks inside', async t => {
  const { templates, errors } = readTemplates(
    'hi: Hi {{ name }}\\nBye\r\n\n  late.one :  a: b \npath: C:\\\\new\\{{ x }}'
  )
  t.same(errors, [])
  t.same(
    [...templates],
    [
      ['hi', 'Hi {{ name }}\nBye'],
      ['late.one', 'a: b'],
      ['path', 'C:\\new\\{{ x }}']
    ]
  )
})

t.test('each line that is wrong is named, and the others count', async t => {
  const { templates, errors } = readTemplates('hi: a\nno code\n\nhi: b\ntwo words: c\nempty:\nbad: {{ x\nok: d')
  t.same([...templates.keys()], ['hi', 'ok'])
  t.match(errors, [
    { line: 2, kind: 'no-code' },
    { line: 4, kind: 'twice' },
    { line: 5, kind: 'no-code' },
    { line: 6, kind: 'empty' },
    { line: 7, kind: 'broken', detail: /not closed/ }
  ])
  t.equal(errors.length, 5)
})

t.test('a list that was read before is not read again, as long as it is the same', async t => {
  const list = (code: string) => `${code}: Hi`
  t.equal(readTemplates(list('a')), readTemplates(list('a')))
  const first = readTemplates(list('a'))
  for (let number = 0; number < 60; number += 1) readTemplates(list(`b${number}`))
  t.not(readTemplates(list('a')), first, 'old ones are forgotten')
  t.same(readTemplates(list('a')), first)
})
