import type { Channel } from 'channel-kit/channel'
import { bareChannel } from 'channel-kit/testing'
import t from 'tap'
import { readConfig } from '../../src/config.ts'
import { startHost } from '../../src/host.ts'
import { openDatabase, testEnvironment, until } from '../harness.ts'

t.test('a host that cannot start for a channel says so, and leaves nothing behind', async t => {
  const config = readConfig(await testEnvironment(t))
  const database = openDatabase(config.databaseUrl ?? '', 1)
  t.teardown(database.close)
  const start = (change: object) =>
    startHost(config, { channels: [{ channel: { ...bareChannel, ...change } as Channel }] })

  await t.rejects(start({ name: 'A' }), { message: /^The channel "A" cannot be mounted/ })
  await t.rejects(start({ routes: async () => Promise.reject(new Error('no routes today')) }), {
    message: /no routes today/
  })
  const poll = { cron: 'every minute', read: async () => ({ events: [], cursor: null }) }
  await t.rejects(start({ poll }), { message: /"?bare"?.*"?every minute"?/ })

  await until('every connection to be closed', async () => {
    const others = await database.sql`
      select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`
    return others.length === 0
  })
  const host = await start({})
  t.equal((await fetch(`${config.selfUri}health/ready`)).status, 200)
  await host.close()
})
