import { createHash } from 'node:crypto'
import type { Media } from 'channel-kit/event'
import t from 'tap'
import { graphFault } from '../simulator/faults.ts'
import channel from '../src/channel.ts'
import type { StoredMedia, StoredText } from '../src/incoming/media.ts'
import { mayHoldMedia } from '../src/options.ts'
import type { WhatsAppTools } from '../src/settings.ts'
import { registered } from './tools.ts'

const BYTES = Buffer.from('not much of a picture')
const EXPIRED_MS = 300_000

t.test('a file of a customer is fetched at once, and kept under an address of our own', async t => {
  const { gateway, tools, files } = await registered(t)
  const end = await download(mediaOf(gateway.file(BYTES, 'image/jpeg')), tools)
  const [uri] = files.keys()
  t.same(end, { kind: 'ready', attachment: { name: 'a.jpg', uri, type: 'image' } })
  t.same([...files.values()], [BYTES])
  t.match(gateway.state.calls, [
    { operation: 'bytes', headers: { authorization: 'Bearer EAASimulatedToken', 'user-agent': String } }
  ])
})

t.test('an address that has expired is asked for again by the id', async t => {
  const { gateway, tools, files, pass } = await registered(t)
  const media = mediaOf(gateway.file(BYTES, 'image/jpeg'))
  pass(EXPIRED_MS)
  t.match(await download(media, tools), { kind: 'ready' })
  t.match(await download({ ...media, media: { ...(media.media as StoredMedia), url: '' } }, tools), { kind: 'ready' })
  t.same(
    gateway.state.calls.map(({ operation }) => operation),
    ['bytes', 'info', 'bytes', 'info', 'bytes']
  )
  t.match(gateway.state.calls[1], { query: { phone_number_id: gateway.state.account.phoneNumberId } })
  t.same([...files.values()], [BYTES, BYTES])
})

t.test('a page in the place of a file is not taken for it', async t => {
  const { gateway, tools, files } = await registered(t)
  const page = { kind: 'answer', status: 200, body: '<html>', headers: { 'content-type': 'text/html' } } as const
  const json = { ...page, body: '{"error":1}', headers: { 'content-type': 'application/json; charset=utf-8' } }
  gateway.faults.add('bytes', page, json)
  t.match(await download(mediaOf(gateway.file(BYTES, 'image/jpeg')), tools), {
    kind: 'retry',
    reason: 'application/json instead of image/jpeg'
  })
  t.equal(files.size, 0)
  const own = Buffer.from('{"a":1}')
  t.match(await download(mediaOf(gateway.file(own, 'application/json')), tools), { kind: 'ready' }, 'unless it is one')
})

t.test('bytes that are not those that were announced are kept only where they come twice, with a warning', async t => {
  const { gateway, tools, files, logs } = await registered(t)
  const file = gateway.file(BYTES, 'image/jpeg')
  const hex = createHash('sha256').update(BYTES).digest('hex')
  for (const sha256 of [hex, hex.toUpperCase(), 'no digest', ''])
    t.match(await download(mediaOf({ ...file, sha256 }), tools), { kind: 'ready' }, sha256)
  t.same(logs, [])
  const other = createHash('sha256').update('other')
  for (const sha256 of [other.copy().digest('base64'), other.copy().digest('hex')]) {
    const cut = (body: string) =>
      ({ kind: 'answer', status: 200, body, headers: { 'content-type': 'image/jpeg' } }) as const
    gateway.faults.add('bytes', cut('x'), cut('xy'))
    t.match(await download(mediaOf({ ...file, sha256 }), tools), { kind: 'retry', reason: /not those that WhatsApp/ })
    gateway.faults.add('bytes', cut('x'))
    t.match(await download(mediaOf({ ...file, sha256 }), tools), { kind: 'retry' })
    t.match(await download(mediaOf({ ...file, sha256 }), tools), { kind: 'ready' })
    t.match(await download(mediaOf({ ...file, sha256, url: '' }), tools), { kind: 'ready' })
  }
  t.match(logs, Array(4).fill({ level: 'warn', message: /but the same twice/ }))
  t.same(new Set([...files.values()].map(String)), new Set([String(BYTES)]))
  t.match(await download(mediaOf(gateway.file(Buffer.alloc(0), 'image/jpeg')), tools), {
    kind: 'retry',
    reason: /no bytes/
  })
})

t.test('a name without an extension gets that of what the file is, by whoever says so', async t => {
  const { gateway, tools, files } = await registered(t)
  const pdf = Buffer.concat([Buffer.from('%PDF-1.7\n'), Buffer.alloc(10_000)])
  for (const [name, bytes, told, served, wanted] of [
    ['отчёт за май', pdf, '', 'application/pdf', 'отчёт за май.pdf'],
    ['отчёт за май', pdf, '', 'application/octet-stream', 'отчёт за май.pdf'],
    ['отчёт за май', pdf, 'application/octet-stream', 'application/octet-stream', 'отчёт за май.pdf'],
    ['prices', Buffer.from('a;b'), '', 'text/csv', 'prices.csv'],
    ['prices', Buffer.from('a;b'), '', 'application/octet-stream', 'prices'],
    ['document-T1.bin', pdf, '', 'application/octet-stream', 'document-T1.pdf'],
    ['data.bin', Buffer.from('a;b'), '', 'application/octet-stream', 'data.bin'],
    ['act.jpg', pdf, 'application/pdf', 'application/pdf', 'act.jpg.pdf']
  ] as const) {
    const file = { ...gateway.file(bytes, served), mime_type: told }
    t.match(await download({ ...mediaOf(file), name }, tools), { kind: 'ready', attachment: { name: wanted } }, wanted)
    t.match([...files].at(-1), [new RegExp(`${wanted}$`), bytes])
  }
})

t.test('what may come later is waited for, and what never will is told', async t => {
  const { gateway, tools } = await registered(t)
  const file = mediaOf({ ...gateway.file(BYTES, 'image/jpeg'), url: '' })
  for (const [fault, kind] of [
    [graphFault(500, 131016), 'retry'],
    [graphFault(401, 190), 'retry'],
    [graphFault(400, 4), 'retry'],
    [{ kind: 'reset', when: 'before' }, 'retry'],
    [graphFault(400, 100, '', { error_subcode: 33 }), 'gone'],
    [graphFault(400, 131052), 'gone']
  ] as const) {
    gateway.faults.add('info', fault)
    t.match(await download(file, tools), { kind }, JSON.stringify(fault))
  }
  gateway.faults.add('bytes', { kind: 'answer', status: 500, body: '' })
  t.match(await download(file, tools), { kind: 'retry', reason: 'HTTP 500' })
  const unknown = mediaOf({ id: '404', url: '' })
  t.match(await download(unknown, tools), { kind: 'gone', text: '[A file that WhatsApp did not hand over]' })
  t.match(await download({ ...unknown, media: null }, tools), { kind: 'gone' })
})

t.test('the token is shown to no host but those of media', async t => {
  const { gateway, tools } = await registered(t)
  const asked: string[] = []
  const { fetch } = tools
  tools.fetch = (input, init) => {
    asked.push(new URL(String(input)).hostname)
    return fetch(input, init)
  }
  const elsewhere = { url: 'http://localhost:1/attachments' }
  t.match(await download(mediaOf({ ...gateway.file(BYTES, 'image/jpeg'), ...elsewhere }), tools), { kind: 'ready' })
  gateway.faults.add('info', { kind: 'answer', status: 200, body: elsewhere })
  t.match(await download(mediaOf({ ...gateway.file(BYTES, 'image/jpeg'), ...elsewhere }), tools), { kind: 'gone' })
  t.same(new Set(asked), new Set(['127.0.0.1']))
  gateway.faults.add('bytes', { kind: 'answer', status: 302, body: '', headers: { location: 'http://localhost:1/x' } })
  t.match(await download(mediaOf(gateway.file(BYTES, 'image/jpeg')), tools), { kind: 'ready' })
  t.same(new Set(asked), new Set(['127.0.0.1']), 'nor after a redirect')
})

t.test('hosts of media are those that the operator names', async t => {
  const meta = { graphUrl: 'https://graph.facebook.com', mediaHosts: 'lookaside.fbsbx.com *.fbcdn.net' }
  for (const [url, may] of [
    ['https://lookaside.fbsbx.com/x', true],
    ['https://graph.facebook.com/x', true],
    ['https://scontent.xx.fbcdn.net/x', true],
    ['https://fbcdn.net/x', false],
    ['https://evilfbcdn.net/x', false],
    ['https://lookaside.fbsbx.com.evil.example/x', false],
    ['https://a.lookaside.fbsbx.com/x', false],
    ['http://lookaside.fbsbx.com/x', false],
    ['https://lookaside.fbsbx.com@evil.example/x', false],
    ['ftp://lookaside.fbsbx.com/x', false]
  ] as const)
    t.equal(mayHoldMedia(new URL(url), meta), may, url)
  const own = { graphUrl: 'http://127.0.0.1:7000', mediaHosts: '127.0.0.1' }
  t.ok(mayHoldMedia(new URL('http://127.0.0.1:7001/x'), own))
})

t.test('a card of a contact is a file that needs no fetching', async t => {
  const { tools, files } = await registered(t)
  const stored: StoredText = { kind: 'text', text: 'BEGIN:VCARD' }
  t.match(await download({ media: stored, name: 'Eva.vcf', type: 'file' }, tools), {
    kind: 'ready',
    attachment: { name: 'Eva.vcf', type: 'file' }
  })
  t.same([...files.values()], [Buffer.from('BEGIN:VCARD')])
})

function mediaOf(body: { id?: unknown; url?: unknown; mime_type?: unknown; sha256?: unknown }): Media {
  const { id = '', url = '', mime_type = '', sha256 = '' } = body
  const stored = { kind: 'media', id, url, mime: mime_type, sha256 }
  return { media: JSON.parse(JSON.stringify(stored)), name: 'a.jpg', type: 'image' }
}

async function download(media: Media, tools: WhatsAppTools) {
  return channel.download?.(media, tools)
}
