import { chmod, mkdir, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { keepKeys } from '../../src/secrets/secrets.ts'
import { openUploads } from '../../src/storage/uploads.ts'
import { testCrm, testFolder, testHost } from '../harness.ts'
import { ask } from '../http/ask.ts'

/** Files of tenants are for the host alone to hand out, and every name that is taken can be fetched. */

async function uploading(t: Test) {
  const crm = await testCrm(t)
  const host = await testHost(t)
  const plugin = await crm.register(host.url)
  const upload = async (name: string) => {
    const { status, json } = await plugin.upload({ name, bytes: new Uint8Array(Buffer.from('the bytes')) })
    return { status, uri: (json as { uri: string }).uri }
  }
  return { host, upload }
}

/** Room for anything. */
const ticket = { take: () => true, kept: async () => {}, release: () => {} }

const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8)

t.test('no other account of the machine reads uploads, nor lists them', async t => {
  const { host, upload } = await uploading(t)
  t.equal((await upload('a.png')).status, 200)
  const root = join(host.config.dataDir, 'uploads')
  t.equal(await modeOf(root), '700')
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true }))
    t.equal(await modeOf(join(entry.parentPath, entry.name)), entry.isDirectory() ? '700' : '600', entry.name)
})

t.test('a folder that an earlier version left open is closed at the start', async t => {
  const data = await testFolder(t)
  const root = join(data, 'uploads')
  await mkdir(root, { mode: 0o755 })
  await chmod(root, 0o755)
  await openUploads(root, { open: async () => ticket, forget: async () => {} }).prepare()
  t.equal(await modeOf(root), '700')
})

t.test('keys of secrets that others could read are theirs no more', async t => {
  const data = join(await testFolder(t), 'data')
  const made = await keepKeys(data)
  t.equal(await modeOf(data), '700')
  await writeFile(join(data, 'secret.keys'), made)
  await chmod(join(data, 'secret.keys'), 0o644)
  t.equal(await keepKeys(data), made)
  t.equal(await modeOf(join(data, 'secret.keys')), '600')
})

t.test('whatever name a file had when it was taken, it can be fetched', async t => {
  const { upload } = await uploading(t)
  for (const extension of ['constructor', 'tostring', 'valueof', 'hasownproperty', 'part', 'PART', 'html']) {
    const { status, uri } = await upload(`x.${extension}`)
    t.equal(status, 200, extension)
    const answer = await ask(uri)
    t.equal(answer.status, 200, extension)
    t.equal(answer.text, 'the bytes')
    t.equal(answer.headers['content-type'], 'application/octet-stream')
    t.match(answer.headers['content-disposition'], /^attachment/)
  }
})
