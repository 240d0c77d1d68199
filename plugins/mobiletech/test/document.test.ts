import t from 'tap'
import { contentText } from '../src/bytes.ts'
import { readDocument, writeDocument } from '../src/document.ts'
import { localTime, receivedDate } from '../src/received-date.ts'

const read = (xml: string | Uint8Array) => readDocument(typeof xml === 'string' ? Buffer.from(xml) : xml)

const contentOf = (xml: string | Uint8Array) => {
  const made = read(xml)
  return made.kind === 'document' ? made.document.fields.get('content') : made.reason
}

t.test('a document is its root, its command, and the texts below it', async t => {
  const made = read(`<?xml version="1.0" encoding="UTF-8" ?>
<message command="receive"><!-- c --><id>1</id><content>a &amp; b</content><id>2</id><empty/></message>`)
  t.match(made, { kind: 'document', document: { root: 'message', command: 'receive' } })
  t.same(made.kind === 'document' && [...made.document.fields], [
    ['id', '1'],
    ['content', 'a & b'],
    ['empty', '']
  ])
})

t.test('entities, CDATA and letters with marks are read as what they say', async t => {
  for (const [written, content] of [
    ['&lt;b&gt; &amp; &quot;&apos;', `<b> & "'`],
    ['&#382;lt&#xFD;', 'žltý'],
    ['<![CDATA[<a> & ]]>&amp;', '<a> & &'],
    ['<![CDATA[<!DOCTYPE x>]]>', '<!DOCTYPE x>'],
    [' Žltý kôň 😀 ', ' Žltý kôň 😀 ']
  ] as const)
    t.equal(contentOf(`<message><content>${written}</content></message>`), content)
})

t.test('bytes are read in the charset that they are in', async t => {
  const latin2 = Buffer.concat([
    Buffer.from('<?xml version="1.0" encoding="windows-1250"?><m><content>'),
    Buffer.from([0x9e, 0x6c, 0x74, 0xfd]),
    Buffer.from('</content></m>')
  ])
  t.equal(contentOf(latin2), 'žltý')
  t.equal(contentOf('\ufeff<m><content>ž</content></m>'), 'ž')
  const utf16 = Buffer.from('\ufeff<m><content>ž</content></m>', 'utf16le')
  t.equal(contentOf(utf16), 'ž')
  t.equal(contentOf(Buffer.from(utf16).swap16()), 'ž')
  t.equal(contentOf('<?xml version="1.0" encoding="utf-16"?><m><content>ž</content></m>'), 'ž', 'it cannot be')
  t.equal(contentOf(Buffer.from('<m><content>\xe9</content></m>', 'latin1')), 'é', 'no UTF-8')
  t.equal(contentOf('<?xml version="1.0" encoding="klingon"?><m><content>a</content></m>'), 'a')
  t.equal(contentText(Buffer.from([0x01, 0x7e]), '8'), 'ž')
})

t.test('a DOCTYPE is refused, wherever it hides', async t => {
  for (const before of ['', '<?xml version="1.0"?>\n', '<!-- x --><?pi?>\n<!-- y -->', '\ufeff  '])
    for (const type of ['<!DOCTYPE m>', '<!doctype m [<!ENTITY e SYSTEM "file:///etc/passwd">]>'])
      t.match(read(`${before}${type}<message command="receive"><content>&e;</content></message>`), {
        kind: 'unreadable',
        reason: 'a DOCTYPE is not allowed'
      })
})

t.test('what is no XML is unreadable, and says why', async t => {
  const deep = `${'<a>'.repeat(9_000)}`
  const comments = '<!---->'.repeat(9_000)
  for (const body of ['', ' \n', 'hello', '<a>', '<a></b>', '<a/><b/>', '{"a":1}', deep, comments])
    t.match(read(body), { kind: 'unreadable', reason: /./ }, body.slice(0, 20))
  t.match(read(Buffer.from([0xff, 0xfe, 0x00])), { kind: 'unreadable' })
})

t.test('a document is written to the byte', async t => {
  t.equal(
    writeDocument('rcv_rsp', { id: '30000001' }),
    '<?xml version="1.0" encoding="UTF-8"?>\n<message command="rcv_rsp"><id>30000001</id></message>\n'
  )
  t.equal(
    writeDocument('send', { rcv_msg_id: '', content: `Tom & <Jerry> "it's" žltý\n😀` }),
    `<?xml version="1.0" encoding="UTF-8"?>\n<message command="send"><rcv_msg_id></rcv_msg_id><content>Tom &amp; &lt;Jerry&gt; "it's" žltý\n😀</content></message>\n`
  )
})

const NOW = new Date('2025-12-01T00:00:00Z')

t.test('a date of receipt is Slovak time, with or without tenths', async t => {
  for (const [written, at] of [
    ['1108191645251', '2011-08-19T14:45:25.100Z'],
    ['110819164525', '2011-08-19T14:45:25.000Z'],
    ['2501011645259', '2025-01-01T15:45:25.900Z'],
    [' 2509011530457\n', '2025-09-01T13:30:45.700Z'],
    ['2503300159590', '2025-03-30T00:59:59.000Z'],
    ['2503300300000', '2025-03-30T01:00:00.000Z']
  ] as const)
    t.equal(receivedDate(written, NOW)?.toISOString(), at, written)
})

t.test('a date that cannot be is none', async t => {
  for (const written of [
    '',
    '2509011530',
    '25090115304',
    'yesterday',
    '2513011530457',
    '2506311530457',
    '2509012530457'
  ])
    t.equal(receivedDate(written, NOW), undefined, written)
  t.equal(receivedDate('2512011200000', NOW), undefined, 'it lies ahead')
  t.equal(receivedDate('2512010100300', NOW)?.toISOString(), '2025-12-01T00:00:30.000Z', 'a clock is never exact')
})

t.test('a time is shown with the offset of Slovakia', async t => {
  t.equal(localTime(new Date('2025-09-01T13:30:45.700Z')), '2025-09-01T15:30:45+02:00')
  t.equal(localTime(new Date('2025-12-31T23:30:00Z')), '2026-01-01T00:30:00+01:00')
})
