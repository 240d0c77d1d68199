import t from 'tap'
import { Type } from 'typebox'
import { listenForChanges } from '../../src/registrations/cache.ts'
import { createSettingsStore } from '../../src/registrations/settings.ts'
import { openSecrets } from '../../src/secrets/secrets.ts'
import { openDatabase, TEST_KEYS, testDatabase, until } from '../harness.ts'

/** Each message asks for the settings of its account. */

const SCHEMA = Type.Object({ main: Type.Object({ sender: Type.String() }) })

t.test(
  'an account that has saved nothing is asked about once, and what another host saves then is heard of',
  async t => {
    // A single connection, so that all of its reads are counted.
    const database = openDatabase(await testDatabase(t), 1)
    t.teardown(database.close)
    await database.pool.query(`
    insert into registrations (channel, company_id, alias, plugin_id, cluster_uri, country, currency, hpt, webhook_token, webhook_hash)
    values ('scripted', '1', 'chat', '1', 'http://crm.example/', 'BR', 'BRL', '', '', '')`)
    const secrets = openSecrets(TEST_KEYS)
    const settings = createSettingsStore(database, secrets)
    t.teardown(await listenForChanges(database, settings.caches))
    const asked = async () => {
      await database.pool.query('select pg_stat_force_next_flush()')
      const { rows } = await database.pool.query<{ scans: number }>(
        "select (seq_scan + idx_scan)::int scans from pg_stat_user_tables where relname = 'settings'"
      )
      return rows[0]?.scans ?? 0
    }

    t.same(await settings.load(1), {})
    const before = await asked()
    const loads = await Promise.all(Array.from({ length: 10 }, () => settings.load(1)))
    t.ok(loads.every(data => Object.keys(data).length === 0))
    t.equal(await asked(), before)

    await createSettingsStore(database, secrets).save(1, SCHEMA, { main: { sender: 'Acme' } })
    await until('the change to be heard of', async () => (await settings.load(1)).main?.sender === 'Acme')
  }
)
