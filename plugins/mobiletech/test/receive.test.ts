import type { MessageEvent } from 'channel-kit/event'
import t, { type Test } from 'tap'
import { ORANGE, stand } from './gateway-fixture.ts'

const ACKNOWLEDGED = {
  status: 200,
  type: 'application/xml; charset=utf-8',
  body: '<?xml version="1.0" encoding="UTF-8"?>\n<message command="rcv_rsp"><id>30000001</id></message>\n'
}

t.test('an SMS becomes a message of its sender, and is acknowledged to the byte', async t => {
  const { gateway, events } = await stand(t)
  const fields = { receive_date: '2509011530457', esm: '0' }
  t.same(await gateway.deliver({ from: ORANGE, content: 'PING', fields }), ACKNOWLEDGED)
  t.same(events, [
    {
      kind: 'message',
      ref: '30000001',
      contact: ORANGE,
      subject: null,
      content: { text: 'PING', format: 'text' },
      attachments: [],
      at: new Date('2025-09-01T13:30:45.700Z'),
      context: {
        servId: '1700',
        projectId: '70',
        shortNumber: '8800',
        operator: 'O',
        dcs: '0',
        esm: '0',
        coding: 'text'
      }
    }
  ])
})

t.test('a repeated SMS has the same name and the same answer, one after the other and at once', async t => {
  const { gateway, events } = await stand(t)
  const sms = { from: ORANGE, content: 'PING', id: '30000001' }
  const answers = [await gateway.deliver(sms), ...(await Promise.all([gateway.deliver(sms), gateway.deliver(sms)]))]
  t.same(answers, [ACKNOWLEDGED, ACKNOWLEDGED, ACKNOWLEDGED])
  t.same(new Set(events.map(event => event.kind === 'message' && event.ref)), new Set(['30000001']))
})

t.test('whatever content type it claims to be, XML is XML', async t => {
  const { gateway, events } = await stand(t)
  for (const type of ['application/json', 'text/plain', 'application/x-www-form-urlencoded'])
    t.match(
      await gateway.post('<message command="receive"><id>1</id><from>8877</from><content>a</content></message>', type),
      {
        status: 200
      }
    )
  t.equal(events.length, 3)
})

const textOf = async (t: Test, content: string, fields: Readonly<Record<string, string>> = {}, cdata = false) => {
  const { gateway, events, logged } = await stand(t)
  t.match(await gateway.deliver({ from: ORANGE, content, fields, cdata }), { status: 200 })
  return { text: (events[0] as MessageEvent | undefined)?.content?.text, logged }
}

t.test('entities, letters with marks and CDATA come as they were written', async t => {
  const words = `Žltý <kôň> & "pes" 'mačka' 😀`
  t.equal((await textOf(t, words)).text, words)
  t.equal((await textOf(t, words, {}, true)).text, words)
})

t.test('base64 is decoded by its data coding', async t => {
  const base64 = (text: string, encoding: BufferEncoding) => Buffer.from(text, encoding).toString('base64')
  const ucs2 = Buffer.from('žltý 😀', 'utf16le').swap16().toString('base64')
  t.equal((await textOf(t, ucs2, { content_coding: 'base64', dcs: '8' })).text, 'žltý 😀')
  t.equal((await textOf(t, base64('žltý', 'utf8'), { content_coding: 'base64' })).text, 'žltý')
  t.equal((await textOf(t, base64('caf\xe9', 'latin1'), { content_coding: 'BASE64' })).text, 'café')
  t.equal((await textOf(t, ` ${base64('ab', 'utf8').replace('=', '')}\n`, { content_coding: 'base64' })).text, 'ab')
})

t.test('content that claims to be base64 and is not stays as it came, and is logged', async t => {
  const { text, logged } = await textOf(t, 'no *base64*', { content_coding: 'base64' })
  t.equal(text, 'no *base64*')
  t.match(logged, [/not/])
})

t.test('a blank SMS is acknowledged and not told', async t => {
  const { gateway, events, logged } = await stand(t)
  for (const content of ['', '  \n '])
    t.match(await gateway.deliver({ from: ORANGE, content, id: '30000001' }), ACKNOWLEDGED)
  t.same(events, [])
  t.match(logged, [/without a text/, /without a text/])
})

t.test('the SMS 0 is told in quotes, since the CRM takes a bare one for empty', async t => {
  t.equal((await textOf(t, '0')).text, '"0"')
  t.equal((await textOf(t, '00')).text, '00')
})

t.test('elements that are missing cost nothing but what they would have said', async t => {
  const { gateway, events } = await stand(t)
  t.match(
    await gateway.post('<x command="receive"><id>30000001</id><from>0900123456</from><content>a</content></x>'),
    ACKNOWLEDGED
  )
  t.match(events, [{ contact: '+421900123456', context: { servId: '', operator: '', coding: '' } }])
  t.notOk('at' in (events[0] ?? {}), 'when, is for the host to say')
})

t.test('a document that cannot be read is 400, and no event', async t => {
  const { gateway, events } = await stand(t)
  for (const body of [
    '',
    'hello',
    '<message command="receive"><id>1</id>',
    '<message command="dance"><id>1</id></message>',
    '<message><id>1</id></message>',
    '<!DOCTYPE m [<!ENTITY e "x">]><message command="receive"><id>1</id><from>1</from><content>&e;</content></message>',
    '<message command="receive"><from>+421905000002</from><content>a</content></message>',
    '<message command="receive"><id>1</id><content>a</content></message>',
    `<message command="receive"><id>${'1'.repeat(101)}</id><from>1</from><content>a</content></message>`,
    `<message command="receive"><id>1</id><from>${'1'.repeat(101)}</from><content>a</content></message>`,
    '<message command="receive"><id>1&#0;</id><from>1</from><content>a</content></message>',
    '<message command="receive"><id>1&#xD800;</id><from>1</from><content>a</content></message>',
    '<message command="receive"><id>1</id><from>1\0</from><content>a</content></message>'
  ])
    t.match(await gateway.post(body), { status: 400, type: /text\/plain/, body: /Not taken: ./ }, body.slice(0, 60))
  t.same(events, [])
})

t.test('what is said of a document that cannot be read is short, since it may quote an SMS', async t => {
  const { gateway } = await stand(t)
  const { status, body } = await gateway.post(`<message><content>${'a secret <'.repeat(1_000)}</content></message>`)
  t.equal(status, 400)
  t.ok(body.length < 150, body)
})

t.test('a text has no characters that the CRM could not read', async t => {
  t.equal((await textOf(t, Buffer.from('a\0b').toString('base64'), { content_coding: 'base64' })).text, 'ab')
  const half = Buffer.from('a\ud83d', 'utf16le').swap16().toString('base64')
  t.equal((await textOf(t, half, { content_coding: 'base64', dcs: '8' })).text, 'a\ufffd')
  t.equal((await textOf(t, '', { content: 'AA==', content_coding: 'base64' })).text, undefined, 'nothing is blank')
})

t.test('a document at its worst is read or refused in moments', async t => {
  const nested = Array.from({ length: 2_200 }, (_, n) => `<a xmlns:b${n.toString(36)}='u'>`).join('')
  const { gateway } = await stand(t)
  for (const body of [
    `${nested}${'</a>'.repeat(2_200)}`,
    `${'<a>'.repeat(9_000)}${'</a>'.repeat(9_000)}`,
    `<m ${Array.from({ length: 7_000 }, (_, n) => `a${n.toString(36)}=''`).join(' ')}/>`,
    `<m command="${'x'.repeat(65_000)}"/>`,
    `<m>${'<![CDATA['.repeat(7_000)}`,
    '<!--'.repeat(16_000),
    `<m>${'&a'.repeat(30_000)}</m>`,
    `<?xml version="1.0" encoding="${'u'.repeat(60_000)}"?><m/>`
  ]) {
    const began = performance.now()
    t.match(await gateway.post(body), { status: 400 })
    t.ok(performance.now() - began < 5_000, body.slice(0, 30))
  }
})

t.test('only a POST can bring something', async t => {
  const { url, events } = await stand(t)
  const answer = await fetch(url)
  t.equal(answer.status, 405)
  t.equal(answer.headers.get('allow'), 'POST')
  t.same(events, [])
})
