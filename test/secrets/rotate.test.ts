import { asc, eq } from 'drizzle-orm'
import { decodeProtectedHeader } from 'jose'
import { freePort } from 'simulator/free-port'
import t, { type Test } from 'tap'
import { readConfig } from '../../src/config.ts'
import { startHost } from '../../src/host.ts'
import { secretKeys } from '../../src/postgres/schema/keys.ts'
import { registrations, settings } from '../../src/postgres/schema/registrations.ts'
import { rotateSecrets } from '../../src/secrets/rotate.ts'
import { openSecrets } from '../../src/secrets/secrets.ts'
import { type Database, openDatabase, testCrm, testDatabase, testEnvironment, testHost, until } from '../harness.ts'

const key = (id: string, fill: number) => `${id}:${Buffer.alloc(32, fill).toString('base64')}`
const OLD = key('old', 1)
const NEW = key('new', 2)
const BOTH = openSecrets(`${NEW},${OLD}`)
const SETTINGS = { main: { string: 'a', integer: 1, boolean: true, password: 'hunter2' }, lists: { static: ['one'] } }

t.test('secrets are sealed anew while messages flow, then the new key is enough and the old one is not', async t => {
  const env = { DATABASE_URL: await testDatabase(t), PORT: String(await freePort()) }
  const hostWith = (keys: string) => testHost(t, { env: { ...env, LV_PLUGIN_SECRET_KEYS: keys } })
  const crm = await testCrm(t)
  const first = await hostWith(OLD)
  const [echo, form] = [await crm.register(first.url), await crm.register(first.at('form-gallery'))]
  await echo.saveSettings({ main: { prefix: '<', suffix: '>', delay: 0 } })
  t.equal((await form.saveSettings(SETTINGS)).status, 200)
  const talk = async (words: string) => {
    const content = { text: words, format: 'text' as const }
    const { message, answer } = await echo.send({ contact: '+79990000000', subject: null, content, attachments: [] })
    t.equal(answer.status, 202, words)
    await until(`${words} to be read`, async () => echo.statuses(message.id).includes('read'))
  }
  await talk('with the old key')
  await first.close()

  const second = await hostWith(`${NEW},${OLD}`)
  let rotated = false
  const flow = (async () => {
    for (let number = 1; !rotated || number < 5; number++) await talk(`meanwhile ${number}`)
  })()
  const told: number[] = []
  t.equal(await rotateSecrets(second.database, BOTH, count => told.push(count)), 2)
  rotated = true
  await flow
  t.equal(told.at(-1), 2)
  t.same(await keysOf(second.database), ['new'])
  t.same(await second.database.db.select({ id: secretKeys.id }).from(secretKeys), [{ id: 'new' }])
  await second.close()

  const third = await hostWith(NEW)
  await talk('with the new key')
  const shown = await form.ask({ method: 'GET', path: 'protected/data/settings' })
  t.match(shown, { status: 200, json: { main: { string: 'a' } } })
  const [saved] = await third.database.db.select().from(settings).orderBy(asc(settings.registrationId)).offset(1)
  t.match(await openSecrets(NEW).open(saved?.secrets ?? ''), 'hunter2')
  await third.close()

  const refused = testEnvironment(t, { ...env, LV_PLUGIN_SECRET_KEYS: OLD })
  await t.rejects(startHost(readConfig(await refused)), {
    message: /^The database has secrets sealed with the key "new", which this host does not have/
  })
})

t.test('a host that is refused for its keys leaves no trace that would have others refused', async t => {
  const DATABASE_URL = await testDatabase(t)
  const environmentWith = (keys: string) => testEnvironment(t, { DATABASE_URL, LV_PLUGIN_SECRET_KEYS: keys })
  const start = async (keys: string) => startHost(readConfig(await environmentWith(keys)))
  await (await start(NEW)).close()
  await t.rejects(start(OLD), { message: /^The database has secrets sealed with the key "new"/ })
  await t.resolves((async () => (await start(NEW)).close())())
})

t.test('every secret of many registrations is sealed anew once, with word of how far it is', async t => {
  const { database, seal } = await crowd(t, 250)
  await database.db
    .update(registrations)
    .set(await seal(BOTH))
    .where(eq(registrations.id, 7))

  const told: number[] = []
  t.equal(await rotateSecrets(database, BOTH, count => told.push(count)), 249)
  t.same(told.slice(0, 3), [99, 199, 249])
  t.same(await keysOf(database), ['new'])
  const rows = await database.db.select().from(registrations)
  for (const { hpt, webhookToken } of [rows[0], rows[6], rows[249]] as typeof rows)
    t.same([await BOTH.open(hpt), await BOTH.open(webhookToken)], ['hpt', 'token'])

  const before = await database.db.select().from(registrations).orderBy(asc(registrations.id))
  t.equal(await rotateSecrets(database, BOTH, () => {}), 0)
  t.same(await database.db.select().from(registrations).orderBy(asc(registrations.id)), before)
})

t.test('what another host seals with the old key meanwhile is sealed anew too', async t => {
  const { database, seal } = await crowd(t, 150)
  const late = await seal(openSecrets(OLD))
  let seals = 0
  const slow = {
    ...BOTH,
    seal: async (text: string) => {
      seals += 1
      // Long after the first registration was through.
      if (seals === 250) await database.db.update(registrations).set(late).where(eq(registrations.id, 1))
      return BOTH.seal(text)
    }
  }
  t.equal(await rotateSecrets(database, slow, () => {}), 151)
  t.same(await keysOf(database), ['new'])
})

t.test('a run that is stopped leaves secrets that can be read, and another one does the rest', async t => {
  const { database } = await crowd(t, 150)
  const stopped = rotateSecrets(database, BOTH, () => {
    throw new Error('stopped')
  })
  await t.rejects(stopped, { message: 'stopped' })
  t.same(await keysOf(database), ['new', 'old'])
  t.same((await database.db.select({ id: secretKeys.id }).from(secretKeys)).map(({ id }) => id).sort(), ['new', 'old'])

  t.equal(await rotateSecrets(database, BOTH, () => {}), 50)
  t.same(await keysOf(database), ['new'])
})

/** Registrations with the secrets `hpt` and `token`, sealed with the old key. */
async function crowd(t: Test, size: number) {
  const database = openDatabase(await testDatabase(t), 3)
  t.teardown(database.close)
  const seal = async (secrets: Pick<typeof BOTH, 'seal'>) => ({
    hpt: await secrets.seal('hpt'),
    webhookToken: await secrets.seal('token')
  })
  const sealed = await seal(openSecrets(OLD))
  await database.db.insert(secretKeys).values([
    { id: 'old', sealed: '' },
    { id: 'new', sealed: '' }
  ])
  await database.db.insert(registrations).values(
    Array.from({ length: size }, (_, index) => ({
      channel: 'echo',
      companyId: '1',
      alias: 'chat',
      pluginId: String(index),
      clusterUri: 'http://127.0.0.1/',
      country: 'RU',
      currency: 'RUB',
      webhookHash: String(index),
      ...sealed
    }))
  )
  return { database, seal }
}

/** The keys that anything is sealed with. */
async function keysOf({ db }: Pick<Database, 'db'>): Promise<unknown[]> {
  const sealed = [
    ...(await db.select().from(registrations)).flatMap(({ hpt, webhookToken }) => [hpt, webhookToken]),
    ...(await db.select().from(settings)).map(({ secrets }) => secrets)
  ]
  return [...new Set(sealed.map(text => decodeProtectedHeader(text).kid))].sort()
}
