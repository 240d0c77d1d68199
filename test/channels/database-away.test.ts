import t from 'tap'
import { outbox } from '../../src/postgres/schema/outbox.ts'
import { testDatabase, until } from '../harness.ts'
import { databaseRelay } from '../http/database-relay.ts'
import { holdOutbox } from './hold.ts'
import { call, hookHost, incoming } from './hook.ts'

/** Answers to webhook calls while the database is away: the gateway is to repeat them. */

t.test('a call that comes while the database is away is answered 503, and kept when it comes again', async t => {
  const line = await databaseRelay(t, await testDatabase(t))
  const { host, webhook } = await hookHost(t, { env: { DATABASE_URL: line.url, LV_PLUGIN_ROLES: 'web' } })
  t.equal((await call(webhook, [incoming('m1', '+5511')])).status, 201)

  await line.cut()
  const refused = await call(webhook, [incoming('m2', '+5511')])
  t.equal(refused.status, 503)
  t.same(await refused.json(), { code: 503, message: 'Temporarily out of service, try again' })
  t.equal((await fetch(`${host.url}health/ready`)).status, 503)
  t.equal((await fetch(`${host.url}health/live`)).status, 200)

  await line.mend()
  await until('the gateway’s repetition to be taken', async () => {
    const { status } = await call(webhook, [incoming('m2', '+5511')])
    return status === 201
  })
  t.same(
    (await host.database.db.select().from(outbox)).map(({ dedupe }) => dedupe),
    ['incoming m1', 'incoming m2']
  )
})

t.test('a call whose transaction loses the database is answered 503, and nothing of it is kept', async t => {
  const { host, webhook } = await hookHost(t, { env: { LV_PLUGIN_ROLES: 'web' } })
  const held = await holdOutbox(t, host.database)
  const answering = call(webhook, [incoming('m1', '+5511')])
  await host.database.sql`select pg_terminate_backend(${await held.waiting()})`
  t.equal((await answering).status, 503)

  await held.release()
  t.same(await host.database.db.select().from(outbox), [])
})
