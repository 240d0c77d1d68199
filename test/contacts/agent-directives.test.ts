import t from 'tap'
import { readAgentDirectives } from '../../src/contacts/agent-directives.ts'
import { talkHost } from '../api/talk-host.ts'
import { until } from '../harness.ts'
import { text } from '../scripted-channel.ts'

/** Directives of agents to the host: obeyed, told in the chat, and not sent. */

const HOLD = '/registrations/1/conversations/anna/hold'

t.test('an agent switches what is automatic off and on, and nothing of that is sent', async t => {
  const { plugin, ask, post, ended, script, row, told, report } = await talkHost(t)
  const off = (await plugin.send(text('anna', '/bot off'))).message.id
  t.match((await ask(HOLD)).json, { held: true, by: 'agent', until: null })
  await until('the CRM to hear', async () => plugin.statuses(off).includes('sent') && told('anna').length === 1)
  t.match(told('anna'), [/^\[Automatic messages to this contact are off until you write \/bot on\]$/])
  t.match(await row(off), { state: 'accepted', status: 'sent', attempts: 0 })
  await post({ id: 'a', contact: 'anna', ifNotHeld: true })
  t.equal((await ended('a')).reason, 'skipped: held')
  await plugin.send(text('anna', 'a line of the agent'))
  t.match((await ask(HOLD)).json, { held: true, by: 'agent', until: null }, 'a line ends no longer hold')

  await plugin.send(text('anna', ' /Bot ON '))
  t.match((await ask(HOLD)).json, { held: false })
  await post({ id: 'b', contact: 'anna', ifNotHeld: true })
  t.equal((await ended('b')).state, 'accepted')
  t.same(script.texts().toSorted(), ['a line of the agent', 'text b'])
  await report()
})

t.test('an agent opts a contact out of marketing or of everything, and in again', async t => {
  const { plugin, post, row, script, told, events } = await talkHost(t)
  const marketing = (id: string) => post({ id, contact: 'anna', purpose: 'marketing' })
  await plugin.send(text('anna', '/optout'))
  t.match(await marketing('a'), [{ result: 'suppressed' }])
  await plugin.send(text('anna', '/optout all\nYou will not hear from us again'))
  const blocked = await until('what follows the directive to end', async () => {
    const [last] = (await events('types=message.status')).events.filter(({ status }) => status === 'error')
    return last
  })
  t.match(blocked, { reason: /^suppressed/ })
  await plugin.send(text('anna', '/optin\nWelcome back'))
  await until('what follows to be sent', async () => script.texts().includes('Welcome back'))
  t.same(script.texts(), ['Welcome back'])
  t.match(await marketing('b'), [{ result: 'accepted' }])
  await until('the agent to be told', async () => told('anna').length === 3)
  t.match(told('anna'), [/no marketing any more/, /no messages any more/, /all messages again/])
  t.match((await events('types=contact.suppressed')).events, [
    { suppressed: true, purpose: 'marketing', source: 'agent' },
    { suppressed: true, purpose: 'all', source: 'agent' },
    { suppressed: false, source: 'agent' },
    { suppressed: false, source: 'agent' }
  ])
  t.ok(row)
})

t.test(
  'a directive that is written wrong changes nothing and is not sent, and the agent reads how it is written',
  async t => {
    const { plugin, row, script, told, ask } = await talkHost(t)
    const wrong = (await plugin.send(text('anna', '/bot of'))).message.id
    await until(
      'the agent to be told',
      async () => plugin.statuses(wrong).includes('error') && told('anna').length === 1
    )
    t.match(told('anna'), [/write \/bot off, \/bot on/])
    t.match(await row(wrong), { state: 'failed', reason: 'the directive is wrong' })
    t.match((await ask(HOLD)).json, { held: false })
    t.same(script.texts(), [])
  }
)

t.test('a directive that the CRM posts twice is obeyed once', async t => {
  const { plugin, ask, told, host } = await talkHost(t)
  const { message } = await plugin.send(text('anna', '/bot off'))
  await plugin.send(text('anna', '/bot on'))
  const body = {
    chat: { id: null, contact: 'anna', subject: null },
    message: { ...message, content: { text: '/bot off', format: 'text' } }
  }
  t.equal((await plugin.special(body)).status, 202)
  t.match((await ask(HOLD)).json, { held: false })
  await until('the agent to be told', async () => told('anna').length >= 2)
  const { db } = host.database
  t.equal((await db.execute(`select 1 from outbox where body::text like '%Automatic%'`)).rowCount, 2)
})

t.test('only the first lines of a message are directives, in any format', async t => {
  const posted = (words: string, format: 'text' | 'markdown' | 'html' = 'text') => ({
    ...text('anna', words),
    content: { text: words, format },
    chatId: null,
    crmId: '1'
  })
  const read = async (words: string, format?: 'html' | 'markdown') => {
    const directed = readAgentDirectives(posted(words, format))
    return directed && { orders: directed.orders, rest: directed.rest?.content?.text ?? null }
  }
  t.same(await read('<p>/bot off</p>', 'html'), { orders: [{ kind: 'hold' }], rest: null })
  t.same(await read('<p>/optout all</p><p>bye</p>', 'html'), {
    orders: [{ kind: 'suppress', purpose: 'all' }],
    rest: '<p>bye</p>'
  })
  t.same(await read('/bot on\n\nhello', 'markdown'), { orders: [{ kind: 'release' }], rest: 'hello' })
  t.same(await read('/bot off\n/optout'), {
    orders: [{ kind: 'hold' }, { kind: 'suppress', purpose: 'marketing' }],
    rest: null
  })
  for (const words of ['hello\n/bot off', '/bots off', 'see https://a.example/bot off', '/template x', '/option'])
    t.equal(await read(words), undefined, words)
  for (const words of ['/bot', '/bot off now', '/optout sms', '/optin all', '/bot on\n'.repeat(6)])
    t.same(await read(words), { orders: [{ kind: 'none' }], rest: null }, words.slice(0, 20))
  t.same(await read('<div><br></div><p>&nbsp;/optout</p>', 'html'), {
    orders: [{ kind: 'suppress', purpose: 'marketing' }],
    rest: null
  })
})

t.test('a text that takes long to read as HTML is taken as it is, whatever it names', async t => {
  const { plugin, script } = await talkHost(t)
  const html = `<p>/bot off</p>${'<b>'.repeat(20_000)}`
  const draft = { ...text('anna', ''), content: { text: html, format: 'html' as const } }
  t.equal((await plugin.send(draft)).answer.status, 202)
  await until('it to be sent', async () => script.texts().includes(html))
})
