import { listedTemplates, readTemplates } from 'channel-kit/template-list'
import { renderByCode, renderTemplate, templateProblem } from 'channel-kit/templates'
import t from 'tap'

const said = (template: string, parameters = {}) => renderTemplate(template, parameters)

t.test('a template is found by its code and shows its parameters', async t => {
  const templates = new Map([['hi', 'Hi {{ name }}']])
  t.same(await renderByCode(templates, 'hi', { name: 'Eva' }), { kind: 'rendered', text: 'Hi Eva' })
  t.match(await renderByCode(templates, 'ho', {}), { kind: 'unknown', code: 'ho', reason: 'There is no template "ho"' })
  t.match(await renderByCode(templates, 'constructor', {}), { kind: 'unknown' })
})

t.test('a parameter stays as it is in plain text, and stays text in HTML', async t => {
  const company = { company: `Tom & <b>"Jerry's"</b>` }
  t.match(await renderTemplate('<i>{{ company }}</i>', company), { text: `<i>Tom & <b>"Jerry's"</b></i>` })
  t.match(await renderTemplate('<i>{{ company }}</i>', company, 'html'), {
    text: '<i>Tom &amp; &lt;b&gt;&#34;Jerry&#39;s&#34;&lt;/b&gt;</i>'
  })
})

t.test('a parameter that is missing is named, unless the template can do without', async t => {
  t.match(await said('{{ name }}'), {
    kind: 'missing',
    parameter: 'name',
    reason: 'The template needs the parameter "name"'
  })
  t.match(await said('{% if b %}{{ b.c }}{% endif %}', { b: {} }), { kind: 'missing', parameter: 'b.c' })
  t.match(await said('{{ name | default: "you" }}{% if name %}!{% endif %}'), { kind: 'rendered', text: 'you' })
  t.match(await said('{{ name.constructor }}', { name: 'x' }), { kind: 'missing' }, 'only what was given is there')
})

t.test('a date is shown in the zone that it names', async t => {
  t.match(await said('{{ at | date: "%-d. %-m. %H:%M" }}', { at: '2025-09-01T15:30:45+02:00' }), {
    text: '1. 9. 15:30'
  })
})

t.test('now is the time of the zone that is asked for', async t => {
  const hourIn = (timeZone: string) =>
    new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' }).format(new Date())
  for (const zone of ['UTC', 'Europe/Bratislava', 'America/Sao_Paulo', 'Pacific/Kiritimati', 'Asia/Kolkata']) {
    const before = hourIn(zone)
    const rendered = await renderTemplate('{{ "now" | date: "%Y-%m-%d %H:%M" }}', {}, 'none', zone)
    t.ok(rendered.kind === 'rendered' && [before, hourIn(zone)].includes(rendered.text), zone)
  }
})

t.test('what is no Liquid is broken, and says where', async t => {
  for (const template of ['{{ name', '{% if x %}', '{% nope %}', '{{ name | nope }}']) {
    t.match(await said(template, { name: '', x: 1 }), { kind: 'broken', detail: /line:1|not closed/ }, template)
    t.type(templateProblem(template), 'string', template)
  }
  t.equal(templateProblem('{{ name }}'), undefined)
})

t.test('a template reaches no file', async t => {
  for (const tag of ['include', 'render', 'layout', 'block'])
    t.match(await said(`{% ${tag} "/etc/passwd" %}{% end${tag} %}`), { kind: 'broken', detail: /not found/ }, tag)
})

t.test('a template repeats nothing and gathers nothing', async t => {
  for (const tag of [
    'for',
    'tablerow',
    'capture',
    'cycle',
    'increment',
    'decrement',
    'liquid',
    'echo',
    'raw',
    'comment'
  ])
    t.match(await said(`{% ${tag} i in (1..2) %}{% end${tag} %}`), { kind: 'broken', detail: /not found/ }, tag)
  for (const filter of ['map', 'where_exp', 'json', 'sort', 'uniq', 'concat', 'base64_encode', 'sha256'])
    t.match(await said(`{{ "a" | ${filter}: "b" }}`), { kind: 'broken', detail: /undefined filter/ }, filter)
})

t.test('a template decides, assigns and computes', async t => {
  const template =
    '{% assign name = who | default: "you" | upcase %}{% case n %}{% when 1 %}one{% else %}{{ n | times: 2 }}{% endcase %} ' +
    '{% unless n > 1 %}few{% elsif n > 5 %}many{% else %}some{% endunless %} {{ name }}'
  t.match(await said(template, { n: 1 }), { kind: 'rendered', text: 'one few YOU' })
  t.match(await said(template, { n: 3, who: 'Eva' }), { kind: 'rendered', text: '6 some EVA' })
})

t.test('a template that takes too much time or space is broken', async t => {
  const long = 'a'.repeat(1_000)
  for (const template of [
    `{% assign s = "${long}" %}${'{% assign s = s | append: s %}'.repeat(30)}{{ s }}`,
    '{% assign r = (1..100000000) %}{{ r }}',
    '{{ "now" | date: "%100000000d" }}',
    'a'.repeat(70_000),
    `{% assign s = "${long}" %}${'{{ s }}'.repeat(100)}`,
    '{{ "a" }}'.repeat(501),
    `{{ "${'a'.repeat(17_000)}" }}`
  ])
    t.match(await said(template), { kind: 'broken' }, template.slice(0, 60))
})

t.test('an e-mail may be longer than a plain text', async t => {
  const body = `<p>{{ name }}</p>${'<br>'.repeat(100_000)}`
  t.match(await renderTemplate(body, { name: 'A&B' }, 'html'), { kind: 'rendered', text: /^<p>A&amp;B/ })
  t.match(await renderTemplate(body, { name: 'A&B' }), { kind: 'broken', detail: 'it is longer than 65536 characters' })
  t.match(await renderTemplate(`${body}${body}`, {}, 'html'), {
    kind: 'broken',
    detail: 'it is longer than 524288 characters'
  })
  t.match(
    await renderTemplate('{{ x | raw }}', { x: '<b>' }, 'html'),
    { text: '<b>' },
    'the admin may say what is HTML'
  )
})

t.test('a list has a template a line, with line breaks inside', async t => {
  const { templates, errors } = await readTemplates(
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

t.test('a list is shown to an operator with the parameters that each template names', async t => {
  const listed = listedTemplates(
    await readTemplates('hi: Hi {{ name | default: "friend" }} at {{- time -}}, {{ name }}\nlate: a: b')
  )
  t.match(listed, [
    { name: 'hi', isUsable: true, parameters: ['name', 'time'] },
    { name: 'late', body: 'a: b', parameters: [] }
  ])
})

t.test('each line that is wrong is named, and the others count', async t => {
  const { templates, errors } = await readTemplates('hi: a\nno code\n\nhi: b\ntwo words: c\nempty:\nbad: {{ x\nok: d')
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

t.test('a list has two thousand places, and names a hundred errors', async t => {
  const list = (count: number) => Array.from({ length: count }, (_, line) => `code${line}: {{ x }}`).join('\n')
  t.same((await readTemplates(list(2_000))).errors, [])
  t.match((await readTemplates(list(2_001))).errors, [{ line: 2_001, detail: 'the list has more than 2000 places' }])
  t.equal((await readTemplates('x\n'.repeat(30_000))).errors.length, 100)
})

t.test('a list that was read before is not read again, as long as it is the same', async t => {
  const list = (code: string) => `${code}: Hi`
  t.equal(await readTemplates(list('a')), await readTemplates(list('a')))
  const first = await readTemplates(list('a'))
  for (let number = 0; number < 60; number += 1) await readTemplates(list(`b${number}`))
  t.not(await readTemplates(list('a')), first, 'old ones are forgotten')
  t.same(await readTemplates(list('a')), first)
})
