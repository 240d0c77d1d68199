import { mkdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { readConfig } from '../../src/config.ts'
import { startHost } from '../../src/host.ts'
import { checkKeys, keepKeys, openSecrets } from '../../src/secrets/secrets.ts'
import { openDatabase, testCrm, testDatabase, testEnvironment, testFolder, testHost } from '../harness.ts'

const OLD = key('old', 1)
const NEW = key('new', 2)

t.test('what is sealed can be opened, and shows nothing of itself', async t => {
  const { seal, open } = openSecrets(OLD)
  for (const text of ['', 'hunter2', 'ключ «ё» \0 \u{1f511}', 'x'.repeat(100_000)]) {
    const sealed = await seal(text)
    t.equal(await open(sealed), text)
    t.notOk(text && sealed.includes(text))
  }
  t.not(await seal('hunter2'), await seal('hunter2'), 'not even that two are the same')
})

t.test('of two keys the newest seals and both open', async t => {
  const sealed = await openSecrets(OLD).seal('hunter2')
  const both = openSecrets(`${NEW}, ${OLD}`)
  t.equal(await both.open(sealed), 'hunter2')

  const resealed = await both.seal('hunter2')
  t.equal(await openSecrets(NEW).open(resealed), 'hunter2')
  await t.rejects(openSecrets(OLD).open(resealed))
  t.equal(both.newest, 'new')
})

t.test('a secret that was sealed with a key that is not there says with which', async t => {
  const sealed = await openSecrets(OLD).seal('hunter2')
  await t.rejects(openSecrets(NEW).open(sealed), {
    message: 'A secret is sealed with the key "old", which LV_PLUGIN_SECRET_KEYS does not have'
  })
})

t.test('a text that was changed, or sealed with another key of the same name, is refused', async t => {
  const { seal, open } = openSecrets(OLD)
  const [header = '', ...rest] = (await seal('hunter2')).split('.')
  for (const index of [0, 1, 2, 3]) {
    const parts = rest.with(index, flipped(rest[index] ?? ''))
    await t.rejects(open([header, ...parts].join('.')), `part ${index + 1}`)
  }
  await t.rejects(openSecrets(key('old', 3)).open([header, ...rest].join('.')))
  const unsealed = Buffer.from(JSON.stringify({ alg: 'none', kid: 'old' })).toString('base64url')
  await t.rejects(open([unsealed, ...rest].join('.')))
})

t.test('keys that cannot be used are refused by name', async t => {
  t.throws(() => openSecrets(`short:${Buffer.alloc(31).toString('base64')}`), {
    message: 'LV_PLUGIN_SECRET_KEYS: the key "short" does not have 32 bytes'
  })
  t.throws(() => openSecrets(' '), { message: 'LV_PLUGIN_SECRET_KEYS has no key' })
})

t.test('a host that is given no keys makes one and keeps it to itself', async t => {
  const folder = join(await testFolder(t), 'data')
  const made = await keepKeys(folder)
  t.equal(await keepKeys(folder), made)
  t.equal((await stat(join(folder, 'secret.keys'))).mode & 0o777, 0o600)
  t.equal((await readFile(join(folder, 'secret.keys'), 'utf8')).trim(), made)
  t.equal(await openSecrets(made).open(await openSecrets(made).seal('x')), 'x')

  const other = join(await testFolder(t), 'data')
  await mkdir(other)
  t.not(await keepKeys(other), made)
})

t.test('a host with other keys than its database stops at its start', async t => {
  const DATABASE_URL = await testDatabase(t)
  const database = openDatabase(DATABASE_URL, 1)
  t.teardown(database.close)
  await checkKeys(database, openSecrets(OLD), false)
  await checkKeys(database, openSecrets(`${NEW},${OLD}`), false)

  const start = async (keys: string) =>
    startHost(readConfig(await testEnvironment(t, { DATABASE_URL, LV_PLUGIN_SECRET_KEYS: keys })))
  for (const [keys, id] of [
    [OLD, 'new'],
    [NEW, 'old'],
    [`${NEW},${key('old', 3)}`, 'old']
  ] as const)
    await t.rejects(start(keys), {
      message: `The database has secrets sealed with the key "${id}", which this host does not have or has differently. Give it by LV_PLUGIN_SECRET_KEYS.`
    })

  const host = await start(`${key('newest', 4)},${NEW},${OLD}`)
  await host.close()
})

t.test('a key that a host made for itself is good for a new database only', async t => {
  const database = openDatabase(await testDatabase(t), 1)
  t.teardown(database.close)
  const [first, second] = [openSecrets(OLD), openSecrets(NEW)]
  await checkKeys(database, first, true)
  await checkKeys(database, first, true)
  await t.rejects(checkKeys(database, second, true), { message: /sealed with the key "old"/ })
  await checkKeys(database, first, false)
})

t.test('no secret lies in the database as it is', async t => {
  const crm = await testCrm(t)
  const host = await testHost(t)
  const plugin = await crm.register(host.at('form-gallery'), { hpt: 'shared-with-the-crm' })
  const { status } = await plugin.saveSettings({
    main: { string: 'a', integer: 1, boolean: true, password: 'hunter2-hunter2' },
    lists: { static: ['one'] }
  })
  t.equal(status, 200)

  const tables = await host.database.sql<{ text: string }[]>`
    select format('%I.%I', schemaname, tablename) name, query_to_xml(format('table %I.%I', schemaname, tablename), true, false, '')::text text
    from pg_tables where schemaname not in ('pg_catalog', 'information_schema')`
  const all = tables.map(({ text }) => text).join('\n')
  t.match(all, /form-gallery/, 'the tables are read')
  for (const secret of ['hunter2-hunter2', 'shared-with-the-crm']) t.notOk(all.includes(secret), secret)
})

function key(id: string, fill: number): string {
  return `${id}:${Buffer.alloc(32, fill).toString('base64')}`
}

/** The same length, another text; the first character is one whose every bit counts. */
function flipped(part: string): string {
  return `${part.startsWith('A') ? 'B' : 'A'}${part.slice(1)}`
}
