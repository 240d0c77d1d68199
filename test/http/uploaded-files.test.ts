import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { testCrm, testHost } from '../harness.ts'
import { ask, isEnvelope } from './ask.ts'

const crm = await testCrm(t)
const host = await testHost(t)
const plugin = await crm.register(host.url)

async function upload(name: string, text = 'x'): Promise<string> {
  const { json } = await plugin.upload({ name, bytes: new Uint8Array(Buffer.from(text)), type: 'text/html' })
  return (json as { uri: string }).uri
}

const SCRIPT = '<script>alert(1)</script>'

t.test('no upload can run anything in the page of whoever opens it', async t => {
  for (const name of [
    'a.html',
    'a.svg',
    'a.xhtml',
    'a.js',
    'a.xml',
    'a.htm',
    'a.php',
    'a.pdf',
    'a.css',
    'a.htaccess'
  ]) {
    const uri = await upload(name, SCRIPT)
    const { headers, text } = await ask(uri)
    t.equal(text, SCRIPT)
    t.equal(headers['content-type'], 'application/octet-stream', name)
    t.equal(headers['content-disposition'], `attachment; filename="${uri.split('/').at(-1)}"`)
    t.equal(headers['x-content-type-options'], 'nosniff')
    t.equal(headers['content-security-policy'], "default-src 'none'; sandbox")
  }
})

t.test('pictures, voices and films are shown, and only as what they are named', async t => {
  for (const [name, type] of [
    ['a.png', 'image/png'],
    ['a.JPG', 'image/jpeg'],
    ['a.ogg', 'audio/ogg'],
    ['a.mp3', 'audio/mpeg'],
    ['a.mp4', 'video/mp4']
  ] as const) {
    const { headers } = await ask(await upload(name, SCRIPT))
    t.equal(headers['content-type'], type)
    t.match(headers['content-disposition'], /^inline; filename="[0-9a-f-]{36}\.\w+"$/)
    t.equal(headers['x-content-type-options'], 'nosniff')
    t.equal(headers['content-security-policy'], "default-src 'none'; sandbox")
  }
})

t.test('an upload may be fetched from anywhere, in parts, by HEAD, and be kept for long', async t => {
  const uri = await upload('a.mp3', 'hello world')
  const answer = await ask(uri)
  t.match(answer.headers, {
    'access-control-allow-origin': '*',
    'cross-origin-resource-policy': 'cross-origin',
    'cache-control': /immutable/
  })
  const head = await ask(uri, { method: 'HEAD' })
  t.equal(head.status, 200)
  t.equal(head.text, '')
  t.equal(head.headers['content-length'], '11')
  const part = await ask(uri, { headers: { range: 'bytes=6-' } })
  t.equal(part.status, 206)
  t.equal(part.text, 'world')
})

t.test('a file that is not whole yet, or hidden, is not there', async t => {
  const folder = join(host.config.dataDir, 'uploads/1/2')
  await mkdir(folder, { recursive: true })
  for (const name of ['a.png.part', '.hidden', '.htaccess']) await writeFile(join(folder, name), 'secret')
  for (const name of ['a.png.part', 'a.png.par%74', 'a.png.part?x=.png', 'a.png%2epart', '.hidden', '.htaccess']) {
    const answer = await ask(`${host.url}uploaded/1/2/${name}`)
    t.equal(answer.status, 404, name)
    t.ok(isEnvelope(answer))
  }
})

t.test('nothing outside the folder of the uploads is served', async t => {
  await writeFile(join(host.config.dataDir, 'secret.txt'), 'secret')
  for (const path of [
    '../secret.txt',
    '..%2fsecret.txt',
    '%2e%2e/secret.txt',
    '%2e%2e%2fsecret.txt',
    '..%5csecret.txt',
    '1/../../secret.txt',
    '/etc/passwd',
    '%2fetc%2fpasswd',
    'x%00.png'
  ]) {
    const answer = await ask(`${host.url}uploaded/${path}`)
    t.ok(answer.status >= 400 && answer.status < 500, `${path}: ${answer.status}`)
    t.ok(isEnvelope(answer), answer.text)
    t.notMatch(answer.text, /secret|root:/)
  }
})

t.test('a folder shows neither what it holds nor that it exists', async t => {
  const uri = await upload('a.txt')
  const folders = [new URL('.', uri), new URL('..', uri), new URL(`${host.url}uploaded/`)]
  const stranger = await ask(`${host.url}uploaded/nobody/`)
  for (const folder of folders) {
    const answer = await ask(folder.href)
    t.equal(answer.status, stranger.status, folder.pathname)
    t.equal(answer.text, stranger.text)
  }
})
