import { rm } from 'node:fs/promises'
import t, { type Test } from 'tap'
import { uploads } from '../../src/postgres/schema/registrations.ts'
import { testCrm, testHost } from '../harness.ts'
import { isEnvelope } from '../http/ask.ts'
import { filesIn } from '../http/multipart.ts'

/** A registration takes neither the disk nor the host from the others. */

const MIB = 1024 * 1024

async function two(t: Test, env: NodeJS.ProcessEnv) {
  const crm = await testCrm(t)
  const clock = { now: new Date() }
  const host = await testHost(t, { env, now: () => clock.now })
  const [greedy, other] = [
    await crm.register({ selfUri: host.url, reference: { cid: '1', plugin: { alias: 'a', id: '1' } } }),
    await crm.register({ selfUri: host.url, reference: { cid: '2', plugin: { alias: 'a', id: '1' } } })
  ]
  const upload = (plugin: typeof greedy, bytes: number) =>
    plugin.upload({ name: 'a.bin', bytes: new Uint8Array(bytes) })
  return { host, clock, greedy, other, upload, files: () => filesIn(`${host.config.dataDir}/uploads`) }
}

t.test('a registration that has used up its disk is refused, and others are not', async t => {
  const { greedy, other, upload, files, clock } = await two(t, { LV_PLUGIN_QUOTA_UPLOADS: '3MiB' })
  t.equal((await upload(greedy, MIB)).status, 200)
  const tooLarge = await upload(greedy, 2 * MIB + 1)
  t.equal(tooLarge.status, 413)
  t.match(tooLarge.json, { code: 413, message: /^The files of this registration take all the place/, permissions: {} })
  t.equal((await upload(greedy, 2 * MIB)).status, 200, 'what fits is taken still')
  t.equal((await upload(greedy, 1)).status, 413)
  t.equal((await upload(other, MIB)).status, 200)
  t.equal((await files()).length, 3, 'nothing of what was refused is left')

  for (const file of await files()) await rm(file)
  clock.now = new Date(clock.now.getTime() + 61_000)
  t.equal((await upload(greedy, 3 * MIB)).status, 200, 'what the operator removed is given back')
})

t.test('uploads at the same time do not slip past the quota together', async t => {
  const { greedy, upload, files, host } = await two(t, { LV_PLUGIN_QUOTA_UPLOADS: '4MiB' })
  const answers = await Promise.all(Array.from({ length: 12 }, () => upload(greedy, MIB)))
  const taken = answers.filter(({ status }) => status === 200).length
  t.ok(taken <= 4, `${taken} were taken`)
  t.equal((await files()).length, taken)
  const rows = await host.database.db.select().from(uploads)
  t.equal(
    rows.reduce((sum, { bytes }) => sum + bytes, 0),
    taken * MIB
  )
  for (let left = 4 - taken; left > 0; left--) t.equal((await upload(greedy, MIB)).status, 200)
  t.equal((await upload(greedy, 1)).status, 413)
})

t.test('nothing is uploaded to a disk that is all but full, and messages go on', async t => {
  const { greedy, upload, files } = await two(t, { LV_PLUGIN_DISK_FLOOR: '1000000TiB' })
  const answer = await upload(greedy, 1)
  t.equal(answer.status, 507)
  t.match(answer.json, { code: 507, message: /nearly full/ })
  t.equal((await files()).length, 0)
  t.equal((await greedy.send(message('x'))).answer.status, 202)
})

t.test('a registration that asks too often is told when to come again, and others are answered', async t => {
  const { greedy, other, clock } = await two(t, { LV_PLUGIN_QUOTA_REQUESTS: '1' })
  const answers = await Promise.all(Array.from({ length: 30 }, () => greedy.form()))
  const refused = answers.filter(({ status }) => status === 429)
  t.equal(refused.length, 20)
  for (const answer of refused) {
    t.ok(isEnvelope(answer as never))
    t.equal(new Headers(answer.headers as Record<string, string>).get('retry-after'), '1')
  }
  t.equal((await other.form()).status, 200)
  clock.now = new Date(clock.now.getTime() + 1_000)
  t.equal((await greedy.form()).status, 200)
})

t.test('a registration that posts too much at once is refused some, and others none', async t => {
  const { greedy, other } = await two(t, { LV_PLUGIN_QUOTA_MESSAGES: '2KiB' })
  const statuses = await Promise.all(
    Array.from({ length: 30 }, async () => (await greedy.send(message('x'.repeat(1_000)))).answer.status)
  )
  t.ok(statuses.filter(status => status === 429).length >= 15)
  t.ok(statuses.includes(202))
  t.equal((await other.send(message('x'))).answer.status, 202)
})

const message = (text: string) => ({
  contact: '1',
  subject: null,
  content: { text, format: 'text' as const },
  attachments: []
})
