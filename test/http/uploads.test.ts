import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { request } from 'node:http'
import { basename } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { testCrm, testHost, until } from '../harness.ts'
import { type Answer, ask, isEnvelope } from './ask.ts'
import { filesIn, LAST, MULTIPART, multipart, type Part, partHead } from './multipart.ts'

const TEN_MIB = 10 * 1024 * 1024
const MIB = 1024 * 1024
const crm = await testCrm(t)
const host = await testHost(t)
const echo = await crm.register({ selfUri: host.url, reference: { cid: '7', plugin: { alias: 'chat', id: '8' } } })
const gallery = await crm.register(host.at('form-gallery'))
const kept = () => filesIn(host.config.dataDir)

async function upload(
  parts: readonly Part[],
  { to = echo, path = 'upload', cut = false }: { to?: typeof echo; path?: string; cut?: boolean } = {}
): Promise<Answer> {
  const { headers, body } = multipart(parts, { cut })
  const token = { 'x-plugin-token': await to.token({ settings: false }) }
  return ask(`${to.selfUri}protected/${path}`, {
    method: 'POST',
    headers: { ...headers, ...token },
    ...(body ? { body } : {})
  })
}

const uriOf = ({ json }: Answer) => (json as { uri: string }).uri
const EVERYTHING = { '*': TEN_MIB }
const PICTURES = { jpg: 1000, png: 2000 }

t.test('a file is kept under a name of our own, and may be fetched by anybody', async t => {
  const answer = await upload([{ filename: 'My photo.PNG', bytes: 'the bytes' }])
  t.equal(answer.status, 200)
  const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}'
  t.match(uriOf(answer), new RegExp(`^${RegExp.escape(host.url)}uploaded/7/8/${uuid}\\.png$`))
  t.same(Object.keys(answer.json as object), ['uri'])
  t.equal((await ask(uriOf(answer))).text, 'the bytes')
})

t.test('every uploader of the channel has its path, and its own rules', async t => {
  for (const path of ['upload', 'upload/image', 'upload/voice'])
    t.equal((await upload([{ filename: 'a.ogg' }], { path })).status, 200, path)
  const gone = await upload([{ filename: 'a.ogg' }], { to: gallery })
  t.match(gone.json, { code: 415, permissions: PICTURES })
})

t.test('an uploader without permissions takes nothing, whatever comes', async t => {
  for (const parts of [[{ filename: 'a.ogg' }], []]) {
    const answer = await upload(parts, { to: gallery, path: 'upload/voice' })
    t.equal(answer.status, 405)
    t.same(answer.json, { code: 405, message: 'This plugin do not work with files' })
  }
})

t.test('without a file in the field "file" the request is refused', async t => {
  const without: Part[][] = [
    [],
    [{ name: 'upload', filename: 'a.txt' }],
    [{ name: 'file[]', filename: 'a.txt' }],
    [{ name: 'file', bytes: 'a plain field' }],
    [{ name: 'file', filename: '' }]
  ]
  for (const parts of without) t.equal((await upload(parts)).status, 400, JSON.stringify(parts))
})

t.test('what is no multipart is refused as the sender’s fault', async t => {
  const bodies: [string, string][] = [
    ['application/json', '{"file":"x"}'],
    ['application/x-www-form-urlencoded', 'file=x'],
    ['application/octet-stream', 'x'],
    ['multipart/form-data', 'x'],
    ['multipart/form-data; boundary=x', 'garbage'],
    ['multipart/form-data; boundary=x', '']
  ]
  for (const [type, body] of bodies) {
    const headers = { 'content-type': type, 'x-plugin-token': await echo.token() }
    const answer = await ask(`${host.url}protected/upload`, { method: 'POST', headers, body })
    t.ok([400, 415].includes(answer.status), `${type}: ${answer.status}`)
    t.ok(isEnvelope(answer))
  }
})

t.test('a name without an extension is refused', async t => {
  for (const filename of ['abc', 'abc.', 'a.0', 'a.b/c', 'a./../../x']) {
    const answer = await upload([{ filename }])
    const message = 'Files without extension can not be uploaded'
    t.same(answer.json, { code: 403, message, permissions: EVERYTHING }, filename)
    t.equal(answer.status, 403)
  }
})

t.test('an extension that is not permitted is refused and named', async t => {
  const refused = [
    ['a.exe', 'exe'],
    ['a.jpg.EXE', 'exe'],
    ['a.jpeg', 'jpeg'],
    ['a.constructor', 'constructor'],
    ['a.tostring', 'tostring']
  ]
  for (const [filename = '', extension] of refused) {
    const answer = await upload([{ filename }], { to: gallery })
    const message = `Files with *.${extension} can not be uploaded`
    t.same(answer.json, { code: 415, message, permissions: PICTURES }, filename)
    t.equal(answer.status, 415)
  }
})

t.test('the extension is what follows the last dot of the last part, lower-cased', async t => {
  const names: [string, string][] = [
    ['a.tar.GZ', 'gz'],
    ['v1.2/report.final.pdf', 'pdf'],
    ['../../etc/x.txt', 'txt'],
    ['..\\\\..\\\\x.txt', 'txt'],
    ['.htaccess', 'htaccess'],
    ['файл с «именем» 🙂.docx', 'docx'],
    ['evil.php', 'php']
  ]
  for (const [filename, extension] of names) {
    const answer = await upload([{ filename }])
    t.match(uriOf(answer), new RegExp(`/uploaded/7/8/[0-9a-f-]{36}\\.${extension}$`), filename)
  }
})

t.test('an extension that could not stand in an address is refused, also where any is permitted', async t => {
  for (const filename of ['a.Док', 'a.b c', 'a.p?hp', 'a.p%68p', `a.${'x'.repeat(17)}`, 'a.__proto__'])
    t.equal((await upload([{ filename }])).status, 415, filename)
})

t.test('a file may have as many bytes as permitted, and not one more', async t => {
  const sizes: [typeof echo, string, number][] = [
    [gallery, 'a.jpg', 1000],
    [gallery, 'a.PNG', 2000],
    [echo, 'a.bin', TEN_MIB],
    [echo, 'a.constructor', TEN_MIB]
  ]
  for (const [to, filename, most] of sizes) {
    const permissions = to === gallery ? PICTURES : EVERYTHING
    t.equal((await upload([{ filename, bytes: Buffer.alloc(most) }], { to })).status, 200, filename)
    const answer = await upload([{ filename, bytes: Buffer.alloc(most + 1) }], { to })
    t.same(answer.json, { code: 413, message: 'Files too big and can not be uploaded', permissions }, filename)
    t.equal(answer.status, 413)
  }
  t.equal((await upload([{ filename: 'a.txt', bytes: '' }])).status, 200, 'it may be empty')
})

t.test('of several files the last one counts, and the others are not kept', async t => {
  const before = (await kept()).length
  const answer = await upload([
    { filename: 'a.txt', bytes: 'first' },
    { name: 'other', bytes: 'x' },
    { filename: 'b.md', bytes: 'second' },
    { name: 'file', bytes: 'no file' }
  ])
  t.match(uriOf(answer), /\.md$/)
  t.equal((await ask(uriOf(answer))).text, 'second')
  t.equal((await kept()).length, before + 1)
  t.equal((await upload([{ filename: 'a.txt' }, { filename: 'none' }])).status, 403)
  t.equal((await upload([{ filename: 'none' }, { filename: 'a.txt' }])).status, 200)
  t.equal((await kept()).length, before + 2)
})

t.test('a request that is refused leaves no file behind', async t => {
  const before = await kept()
  const refused = [
    await upload([{ filename: 'a.jpg', bytes: Buffer.alloc(1001) }], { to: gallery }),
    await upload([{ filename: 'a.exe' }], { to: gallery }),
    await upload([{ filename: 'a.txt' }, { filename: 'b.bin', bytes: Buffer.alloc(TEN_MIB + 1) }]),
    await upload(Array.from({ length: 101 }, () => ({ filename: 'a.txt' }))),
    await upload(
      [
        { filename: 'a.txt', bytes: 'whole' },
        { filename: 'b.txt', bytes: 'half' }
      ],
      { cut: true }
    )
  ]
  for (const answer of refused) {
    t.ok(answer.status >= 400 && answer.status < 500, `${answer.status} ${answer.text}`)
    t.ok(isEnvelope(answer))
  }
  t.same(await kept(), before)
})

/** Sends a file in pieces, calling between them; the connection stays open until `end`. */
async function sendSlowly(pieces: number, between: (sent: number) => unknown) {
  const headers = { ...MULTIPART, 'x-plugin-token': await echo.token() }
  const sent = request(`${host.url}protected/upload`, { method: 'POST', headers })
  sent.write(partHead({ filename: 'large.bin' }))
  for (let piece = 0; piece < pieces; piece += 1) {
    if (!sent.write(Buffer.alloc(MIB / 4))) await once(sent, 'drain')
    await between(piece)
  }
  return sent
}

t.test('a sender who hangs up leaves no file behind', async t => {
  const before = await kept()
  const sent = await sendSlowly(4, () => undefined)
  await until('the file to be begun', async () => (await kept()).length > before.length)
  t.ok(
    (await kept()).some(path => basename(path).startsWith('.')),
    'what is not whole has no name of its own'
  )
  sent.once('error', () => undefined)
  sent.destroy()
  await until('the file to be gone', async () => (await kept()).length === before.length)
})

t.test('a large file passes through the host without standing in its memory', async t => {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  const held = () => {
    // The first round finds what is garbage, the second has given it back.
    gc()
    gc()
    return process.memoryUsage().arrayBuffers
  }
  const start = held()
  let most = 0
  const sent = await sendSlowly(TEN_MIB / (MIB / 4), piece => {
    if (piece % 13 === 12) most = Math.max(most, held() - start)
  })
  const answered = once(sent, 'response')
  sent.end(LAST)
  const [response] = await answered
  response.resume()
  t.equal(response.statusCode, 200)
  t.ok(most < 5 * MIB, `${(most / MIB).toFixed(1)} MiB of 10 were held at a time`)
})

t.test('two uploads at once do not meet', async t => {
  const texts = Array.from({ length: 20 }, (_, index) => `${index} `.repeat(5_000))
  const answers = await Promise.all(texts.map(bytes => upload([{ filename: 'a.txt', bytes }])))
  t.same(await Promise.all(answers.map(async answer => (await ask(uriOf(answer))).text)), texts)
})

t.test('a company whose id is a path stays in the folder of the uploads', async t => {
  const odd = await crm.register({ selfUri: host.url, reference: { cid: '../../x', plugin: { alias: 'c', id: '..' } } })
  const uri = uriOf(await upload([{ filename: 'a.txt', bytes: 'inside' }], { to: odd }))
  t.match(new URL(uri).pathname, /^\/uploaded\/[\w-]+\/[\w-]+\/[0-9a-f-]{36}\.txt$/)
  t.equal((await ask(uri)).text, 'inside')
  const path = (await kept()).find(path => path.endsWith(uri.split('/').at(-1) ?? '-')) ?? ''
  t.equal(await readFile(path, 'utf8'), 'inside')
})
