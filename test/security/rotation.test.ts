import t from 'tap'
import { lacking } from '../../src/secrets/key-holders.ts'
import { cli } from '../cli/run.ts'
import { TEST_KEYS, testCrm, testHost, until } from '../harness.ts'

/** Nothing is sealed with a key that a host which runs could not open it with. */

const NEWER = `newer:${Buffer.alloc(32, 8).toString('base64')}`
const BOTH = `${NEWER},${TEST_KEYS}`

for (const roles of ['web,worker', 'web', 'worker'])
  t.test(`a rotation waits for a running host of ${roles} that lacks the key`, async t => {
    const crm = await testCrm(t)
    const first = await testHost(t)
    await crm.register(first.url)
    await first.close()
    const host = await testHost(t, { env: { ...first.environment, LV_PLUGIN_ROLES: roles } })
    t.equal(await lacking(host.database, 'newer'), 1)
    t.equal(await lacking(host.database, 'test'), 0)

    const rotating = cli(t, ['secrets', 'rotate'], { env: { ...host.environment, LV_PLUGIN_SECRET_KEYS: BOTH } })
    const sealed = () =>
      host.database.sql<{ count: number }[]>`select count(*)::int from secret_keys where id = 'newer'`
    await until('the rotation to begin', async () => (await sealed())[0]?.count === 1, 60_000)
    const [{ hpt = '' } = {}] = await host.database.sql<{ hpt: string }[]>`select hpt from registrations`
    t.match(Buffer.from(hpt.split('.')[0] ?? '', 'base64url').toString(), '"kid":"test"', 'not sealed anew yet')
    await host.close()
    const { code, stdout } = await rotating
    t.equal(code, 0)
    t.match(stdout, /^Sealed the secrets of 1 registration/)
  })

t.test('a rotation goes on at once beside a host that has the key behind another', async t => {
  const crm = await testCrm(t)
  const first = await testHost(t)
  await crm.register(first.url)
  await first.close()
  const keys = { LV_PLUGIN_SECRET_KEYS: `${TEST_KEYS},${NEWER}` }
  const host = await testHost(t, { env: { ...first.environment, ...keys } })
  t.equal(await lacking(host.database, 'newer'), 0)
  const { code } = await cli(t, ['secrets', 'rotate'], {
    env: { ...host.environment, LV_PLUGIN_SECRET_KEYS: BOTH }
  })
  t.equal(code, 0)
})
