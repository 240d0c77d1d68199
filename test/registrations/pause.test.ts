import t, { type Test } from 'tap'
import { openDatabase } from '../../src/postgres/connect.ts'
import { registrations } from '../../src/postgres/schema/registrations.ts'
import { endPauseByGateway, pauseByGateway } from '../../src/registrations/pause.ts'
import { testDatabase } from '../harness.ts'

t.test('pause by the gateway: the longest holds, and ends whole', async t => {
  const { db, pausedUntil } = await registration(t)
  t.equal(await pausedUntil(), null)
  const now = new Date('2026-01-01')
  for (const until of ['2031-01-01', '2032-01-01T00:00:00Z', '2030-01-01', '2032-01-01T00:00:00.900Z'])
    await db.transaction(tx => pauseByGateway(tx, 1, { until: new Date(until), reason: 'throttled', now }))
  t.same(await pausedUntil(), new Date('2032-01-01T00:00:00.900Z'))
  const { rows } = await db.execute(
    "select body->>'until' until from events where type = 'registration.paused' order by id"
  )
  const told = rows.map(({ until }) => until)
  t.same(told, ['2031-01-01T00:00:00.000Z', '2032-01-01T00:00:00.000Z'], 'an event tells of a pause that is longer')

  await db.transaction(tx => endPauseByGateway(tx, 1))
  t.equal(await pausedUntil(), null)
})

async function registration(t: Test) {
  const database = openDatabase(await testDatabase(t), 2)
  t.teardown(database.close)
  await database.pool.query(`
    insert into registrations (channel, company_id, alias, plugin_id, cluster_uri, country, currency, hpt, webhook_token, webhook_hash)
    values ('scripted', '1', 'chat', '1', 'http://crm.example/', 'BR', 'BRL', '', '', '1')`)
  const pausedUntil = async () => (await database.db.select().from(registrations))[0]?.pausedUntil
  return { db: database.db, pausedUntil }
}
