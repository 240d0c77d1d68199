import type { MessageEvent } from 'channel-kit/event'
import t from 'tap'
import { contentText } from '../src/bytes.ts'
import { compose } from '../src/compose.ts'
import { readDocument } from '../src/document.ts'
import { outcomeOf } from '../src/gateway.ts'
import { slovakMobile } from '../src/phone.ts'
import { alphabetOf, transliterated } from '../src/septets.ts'
import { stand, text, toolsOf } from './gateway-fixture.ts'

/** Payloads as gateways and people really send them. */

const document = (content: string, declared = '<?xml version="1.0" encoding="UTF-8"?>\n') =>
  `${declared}<message command="receive"><id>1</id><content>${content}</content><dcs>0</dcs></message>`

const contentOf = (xml: string | Uint8Array, type?: string) => {
  const read = readDocument(typeof xml === 'string' ? Buffer.from(xml) : xml, type)
  return read.kind === 'document' ? read.document.fields.get('content') : read.reason
}

t.test('what stands around a document is none of it', async t => {
  for (const before of ['', '\n', ' \r\n\t', '\ufeff', '\n\ufeff', '\0', '\u200b'])
    for (const after of ['', '\n', '\0', '\n\x1a', 'OK', '\0\0  '])
      t.equal(contentOf(`${before}${document('ahoj')}${after}`), 'ahoj', JSON.stringify([before, after]))
})

t.test('a text that is no XML is read as it was meant', async t => {
  for (const [written, content] of [
    ['AT&T ok', 'AT&T ok'],
    ['a &b; c & d', 'a &b; c & d'],
    ['?a=1&copy=2', '?a=1&copy=2'],
    ['I <3 you', 'I <3 you'],
    ['1 < 2 &amp; 3 &gt; 2', '1 < 2 & 3 > 2'],
    ['10&nbsp;000, caf&eacute; & x', '10\u00a0000, café & x'],
    ['10&nbsp;000', '10\u00a0000'],
    ['<![CDATA[a</content>&amp;b]]> & c', 'a</content>&amp;b & c'],
    ['', '']
  ] as const)
    t.equal(contentOf(document(written)), content, written)
})

t.test('the bytes decide of the charset, then the header, then the declaration', async t => {
  const latin2 = (xml: string) => Buffer.from(xml.replaceAll('ž', '\x9e').replaceAll('ý', '\xfd'), 'latin1')
  const plain = document('žltý', '')
  for (const said of ['utf8mb4', 'GSM-7', 'unicode', 'ISO-8859-1', 'UTF-16', 'windows-1250'])
    t.equal(contentOf(document('čau š', `<?xml version="1.0" encoding="${said}"?>`)), 'čau š', said)
  t.equal(contentOf(latin2(plain), 'text/xml; charset=windows-1250'), 'žltý')
  t.equal(contentOf(latin2(plain), 'text/xml; charset="cp1250"'), 'žltý')
  t.equal(contentOf(latin2(plain), 'text/xml; charset=utf-8'), 'žltý')
  t.equal(contentOf(Buffer.from(document('\xbelt\xfd', ''), 'latin1'), 'text/xml; charset="ISO-8859-2"'), 'žltý')
  const declared = document('š', '<?xml version="1.0" encoding="UTF-16BE"?>')
  for (const bytes of [Buffer.from(declared, 'utf16le').swap16(), Buffer.from(declared, 'utf16le')])
    t.equal(contentOf(bytes), 'š', 'whichever order was declared')
  t.equal(contentOf(latin2(plain)), 'žltý')
  t.equal(contentOf(Buffer.from(document('š', ''), 'utf16le')), 'š')
  t.equal(contentOf(Buffer.from(document('š'), 'utf16le').swap16()), 'š')
  t.equal(
    contentOf(
      Buffer.concat([
        Buffer.from(document('čau š', '')).subarray(0, -32),
        Buffer.from('\xc5</content></message>', 'latin1')
      ])
    ),
    'čau š\ufffd'
  )
})

t.test('content that came as bytes is read by what they are, and else by the data coding', async t => {
  const utf16 = (words: string) => Buffer.from(words, 'utf16le').swap16()
  for (const dcs of ['8', '08', '24', '25', '0', '', '3']) {
    t.equal(contentText(utf16('Aš'), dcs), 'Aš', dcs)
    t.equal(contentText(Buffer.from('čau, ako sa máš'), dcs), 'čau, ako sa máš', dcs)
  }
  t.equal(contentText(utf16('中文'), '8'), '中文')
  t.equal(contentText(Buffer.from('ahoj'), '0'), 'ahoj')
})

t.test('base64 of either alphabet is decoded', async t => {
  const { url, events } = await stand(t)
  const body = `<message command="receive"><id>9</id><from>+421905000002</from><to>8800</to><content>YjY0ID8-fiDFoQ</content><content_coding>base64</content_coding><dcs>0</dcs></message>`
  t.equal((await fetch(url, { method: 'POST', body })).status, 200)
  t.equal((events[0] as MessageEvent).content?.text, 'b64 ?>~ š')
})

const composed = async (words: string, uri = '', transliterate = true) => {
  const attachments = uri ? [{ name: 'a', uri, type: 'file' as const }] : []
  const made = await compose(
    { contact: '+421905000002', ...text(words), attachments },
    toolsOf({ text: { transliterate } })
  )
  return made.kind === 'texts' ? made.texts.join('|') : made.reason
}

t.test('an SMS of nothing is refused', async t => {
  for (const words of ['\u200b', '\u00ad', '\u0301', '\u200b\ufeff\u00ad', '\u2800', '\u3164'])
    for (const transliterate of [true, false])
      t.match(await composed(words, '', transliterate), /there is no text/i, escape(words))
})

t.test('an address stays the address that it is', async t => {
  const safe = 'https://e.example/%C5%BElt%C3%BD.pdf'
  t.equal(await composed('ok', 'https://e.example/žltý.pdf'), `ok\n${safe}`)
  t.equal(await composed('viď https://e.example/žltý.pdf, ďakujem'), `vid ${safe}, dakujem`)
  t.equal(await composed('ok', 'https://e.example/\u0001a\ufffe\u200b'), 'ok\nhttps://e.example/a')
  t.equal(
    await composed('ok', 'https://žltý.example/a b–c'),
    'ok\nhttps://xn--lt-mja0l.example/a%20b%E2%80%93c'.replace(
      'xn--lt-mja0l',
      new URL('https://žltý.example').hostname.split('.')[0] ?? ''
    )
  )
})

t.test('letters that nobody sees and typographic signs do not make 160 letters 70', async t => {
  for (const sign of '\u200b\u200c\u200d\u200e\u200f\u2060\u202a\u202e\u2066\u2069\u2028\u2029\u00ad\ufeff\u00b4`’′‒―‑\u2003\u3000…＂')
    t.equal(alphabetOf(transliterated(`Mit besten Gruessen${sign}`)), 'gsm7', escape(sign))
  t.equal(transliterated('I´m a\u2028b'), "I'm a\nb")
  t.equal(transliterated('👨‍👩‍👧'), '👨‍👩‍👧')
})

t.test('a number is read in every way that people write it', async t => {
  for (const written of [
    'tel:+421905123456',
    '+421905123456,',
    '＋421905123456',
    '0421905123456',
    '\u202a+421 905\u2011123\u2013456\u202c',
    '０９０５ １２３ ４５６',
    '+421 (0) 905/123456'
  ])
    t.equal(slovakMobile(written), '+421905123456', written)
})

t.test('a number that counts nothing is a refusal, not an id', async t => {
  for (const id of ['0', '-1', '000'])
    t.match(
      outcomeOf({
        status: 200,
        body: Buffer.from(`<message command="send_rsp"><id>${id}</id><error>no credit</error></message>`)
      }),
      { kind: 'rejected', reason: /no credit/ }
    )
})

t.test('a gateway that is too busy is waited for, whatever it says of how long', async t => {
  for (const [header, afterMs] of [
    ['-5', 10_000],
    ['1e400', 10_000],
    ['Infinity', 10_000],
    ['30', 30_000],
    ['86400', 3_600_000]
  ] as const) {
    const fetch = async () => new Response('busy', { status: 429, headers: { 'retry-after': header } })
    const { send } = await stand(t, { tools: { fetch } })
    t.match(await send({}), { kind: 'throttled', afterMs }, header)
  }
})

t.test('now is Slovak time in a template', async t => {
  const time = () =>
    new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/Bratislava', timeStyle: 'short' }).format(new Date())
  const templates = { templates: 't: {{ "now" | date: "%H:%M" }}' }
  const before = time()
  const made = await compose(
    { contact: '+421905000002', ...text('/template t'), attachments: [] },
    toolsOf({ templates })
  )
  t.ok(made.kind === 'texts' && [before, time()].includes(made.texts[0] ?? ''), JSON.stringify(made))
})

t.test('an automatic answer is a reply to what it answers, whatever came since', async t => {
  const bodies: string[] = []
  const fetch: typeof globalThis.fetch = async (_url, init) => {
    bodies.push(String(init?.body))
    return new Response('<message command="send_rsp"><id>5</id></message>')
  }
  const { send } = await stand(t, { tools: { fetch } })
  const context = {
    servId: '1700',
    projectId: '70',
    shortNumber: '8800',
    operator: 'O',
    dcs: '0',
    esm: '0',
    coding: 'text'
  }
  const at = new Date()
  const conversation = { lastIncoming: { ref: '2', at, context: { ...context, projectId: '99' } }, memory: null }
  t.match(await send({ conversation, answers: { ref: '1', at, context } }), { kind: 'accepted' })
  t.match(bodies, [/<project_id>70<.*<rcv_msg_id>1</])
})

t.test('reading is linear in the length', async t => {
  const took = (body: string) => {
    const began = process.cpuUsage()
    readDocument(Buffer.from(body))
    const { user, system } = process.cpuUsage(began)
    return (user + system) / 1_000
  }
  for (const unit of [
    '<a></a>',
    '<a>',
    '<!--',
    '<![CDATA[',
    '&',
    '<',
    '</content',
    'a ',
    ']]>',
    '<?',
    '&lt;',
    '<x y="'
  ])
    for (const shape of [document(unit.repeat(65_536 / unit.length)), `<message>${unit.repeat(65_536 / unit.length)}`])
      t.ok(took(shape) < 2_000, unit)
})
