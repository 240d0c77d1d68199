import t, { type Test } from 'tap'
import { ORANGE, stand } from './gateway-fixture.ts'

const LIST =
  'welcome: Hi {{ name }},\\nwelcome to Tom & Jerry!\npong: {{ message }} from {{ contact }} at {{ received_at | date: "%H:%M" }}'

const said = async (t: Test, words: string, format: 'text' | 'markdown' | 'html' = 'text') => {
  const { gateway, send } = await stand(t, { settings: { templates: { templates: LIST } } })
  const outcome = await send({ content: { text: words, format } })
  return outcome.kind === 'rejected' ? outcome.reason : gateway.received()[0]?.text
}

t.test('an agent uses a template by its code, with parameters that stay as they are', async t => {
  for (const [words, format] of [
    ['/template welcome name="Eva & <b>Co</b>"', 'text'],
    ['/Template welcome name="Eva & <b>Co</b>"', 'markdown'],
    ['<p>/template welcome name="Eva &amp; &lt;b&gt;Co&lt;/b&gt;"</p>', 'html']
  ] as const)
    t.equal(await said(t, words, format), 'Hi Eva & <b>Co</b>,\nwelcome to Tom & Jerry!', format)
})

t.test('what stands below a template is sent below it', async t => {
  t.equal(
    await said(t, '/template welcome name=Eva\n\n**See** you', 'markdown'),
    'Hi Eva,\nwelcome to Tom & Jerry!\nSee you'
  )
})

t.test('a template that cannot be used says why, and nothing is sent', async t => {
  for (const [words, reason] of [
    ['/template', /is used by/],
    ['/template welcome Eva', /is used by/],
    ['/template nope', /no template "nope"/],
    ['/template welcome', /needs the parameter "name"/],
    ['/template welcome name=a\n/template welcome name=b', /one \/template/]
  ] as const)
    t.match(await said(t, words), reason, words)
})

t.test('a text with another slash is a text', async t => {
  t.equal(await said(t, '/templates are nice'), '/templates are nice')
  t.equal(await said(t, 'no\n/template welcome'), 'no\n/template welcome')
})

t.test('an incoming keyword is answered once, by a template that sees the message', async t => {
  const { gateway, events } = await stand(t, {
    settings: { templates: { templates: LIST }, autoReply: { keyword: 'ping, HESLO\nČo je\n', template: 'pong' } }
  })
  const fields = { receive_date: '2509011530457' }
  await gateway.deliver({ from: ORANGE, content: ' Ping ', fields })
  const answer = {
    kind: 'answer',
    ref: 'answer-30000001',
    contact: ORANGE,
    content: { text: 'Ping  from +421905000002 at 15:30', format: 'text' }
  }
  t.match(events, [{ kind: 'message', ref: '30000001' }, answer])
  await gateway.deliver({ from: ORANGE, content: ' Ping ', fields, id: '30000001' })
  t.same(events[3], events[1], 'a repetition is the same answer')
})

t.test('only the very word is answered, in any case', async t => {
  const { gateway, events } = await stand(t, {
    settings: { templates: { templates: LIST }, autoReply: { keyword: 'ping, HESLO\nČo je\n0', template: 'pong' } }
  })
  const answered = async (content: string) => {
    events.length = 0
    await gateway.deliver({ from: ORANGE, content })
    return events.some(({ kind }) => kind === 'answer')
  }
  for (const content of ['PING', 'heslo', 'ČO JE', 'c\u030co je', '0']) t.ok(await answered(content), content)
  for (const content of ['ping pong', 'pin', 'pingo', 'heslo!', 'co je', ',']) t.notOk(await answered(content), content)
})

t.test('an answer that cannot be made is none, and the message comes all the same', async t => {
  for (const [template, templates] of [
    ['nope', LIST],
    ['welcome', LIST],
    ['empty', 'empty: {{ message | slice: 0, 0 }}'],
    ['pong', 'pong: {{ broken']
  ] as const) {
    const settings = { templates: { templates }, autoReply: { keyword: 'PING', template } }
    const { gateway, events, logged } = await stand(t, { settings })
    t.match(await gateway.deliver({ from: ORANGE, content: 'PING' }), { status: 200 })
    t.match(events, [{ kind: 'message' }])
    t.equal(events.length, 1)
    t.match(logged, [/could not be made/])
  }
})

t.test('a template of the structure takes its values to the letter', async t => {
  const { gateway, send } = await stand(t, { settings: { templates: { templates: LIST } } })
  const template = { name: 'welcome', parameters: { name: 'Eva" /template pong' } }
  t.match(await send({ content: null, template }), { kind: 'accepted' })
  t.match(await send({ content: { text: '/template pong', format: 'text' }, template }), { kind: 'accepted' })
  t.same(
    gateway.received().map(({ text }) => text),
    [
      'Hi Eva" /template pong,\nwelcome to Tom & Jerry!',
      'Hi Eva" /template pong,\nwelcome to Tom & Jerry!\n/template pong'
    ]
  )
  t.match(await send({ content: null, template: { name: 'nope' } }), { kind: 'rejected', reason: /no template "nope"/ })
})
