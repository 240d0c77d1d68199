import t from 'tap'
import { openDatabase, testCrm, testDatabase, testHost, until } from '../harness.ts'
import { databaseRelay } from '../http/database-relay.ts'
import { keptLog } from '../log.ts'
import { scripted, text } from '../scripted-channel.ts'

t.test('stop: a host that stops while the database is away waits for it, and settles what ended', async t => {
  const url = await testDatabase(t)
  const relay = await databaseRelay(t, url)
  const answer = Promise.withResolvers<void>()
  const { channel, texts } = scripted(async message => {
    if (message.content?.text === 'slow') await answer.promise
    const ref = `ref-${message.id}`
    return { kind: 'accepted', ref, later: [{ afterMs: 0, events: [{ kind: 'status', ref, status: 'sent' }] }] }
  })
  const { logTo, log } = keptLog()
  const failedTurns = () => log().split('queue.turn_failed').length
  const crm = await testCrm(t)
  const env = { DATABASE_URL: relay.url, LOG_LEVEL: 'error' }
  const host = await testHost(t, { channels: [{ channel, path: '/' }], env, logTo })
  const plugin = await crm.register(host.url)
  // From here on the host has the registration for both kinds of work.
  const quick = await plugin.send(text('1', 'quick'))
  await crm.waitFor(event => event.type === 'status' && event.messageId === quick.message.id)
  const slow = await plugin.send(text('1', 'slow'))
  await until('the gateway to have it', async () => texts().includes('slow'))

  await relay.cut()
  const closing = host.close()
  const before = failedTurns()
  answer.resolve()
  await until('it to have tried in vain', async () => failedTurns() > before)
  await relay.mend()
  await closing

  const { sql, close } = openDatabase(url)
  t.teardown(close)
  t.same(await sql`select state, attempts from messages where crm_id = ${slow.message.id}`, [
    { state: 'accepted', attempts: 1 }
  ])
  t.same(await sql`select sending_host, telling_host from registrations`, [{ sending_host: null, telling_host: null }])
  t.same(await sql`select id from hosts`, [])
})
