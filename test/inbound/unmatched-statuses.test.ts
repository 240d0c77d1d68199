import type { Status } from 'channel-kit/chat'
import t from 'tap'
import type { AttemptResult, ClaimedMessage } from '../../src/delivery/attempt.ts'
import { sendTurn } from '../../src/delivery/settle.ts'
import { createIngest } from '../../src/inbound/webhook-ingest.ts'
import { createAccept } from '../../src/messages/accept.ts'
import { openDatabase, testDatabase } from '../harness.ts'
import { text } from '../scripted-channel.ts'

/** There is no worker, so nothing looks at what was kept. */

const HOST = 'host'
const now = () => new Date()

t.test('unmatched statuses: those reported before the answer to an attempt go before later ones', async t => {
  const database = openDatabase(await testDatabase(t))
  t.teardown(database.close)
  const { pool, sql } = database
  await pool.query(`
    insert into registrations (channel, company_id, alias, plugin_id, cluster_uri, country, currency, hpt, webhook_token,
      webhook_hash, sending_host)
    values ('scripted', '1', 'chat', '1', 'http://crm.example/', 'BR', 'BRL', '', '', '', '${HOST}')`)
  const report = createIngest({ database, now, stored: () => {}, log: { error: () => t.fail('all can be stored') } })
  const say = (ref: string, reason: string, status: Status = 'sent') =>
    report(1, [{ kind: 'status', ref, status, reason }])
  const turn = (done: readonly AttemptResult[], free: number) =>
    sendTurn(done, {
      database,
      host: HOST,
      wants: [{ registrationId: 1, free, bulk: 0, least: 0 }],
      inHand: [],
      now: now()
    })
  const stories = async () => {
    const rows = await sql<{ story: { reason?: string }[] }[]>`select story from messages order by id`
    return rows.map(({ story }) => story.flatMap(({ reason }) => reason ?? []))
  }

  const accept = createAccept(database, now, () => {})
  await accept(1, { ...text('1', 'hello'), chatId: null, crmId: 'm1' })
  const [taken] = await turn([], 1)
  await say('r1', 'first')
  await say('another', 'of nobody')
  await say('r1', 'second', 'delivered')
  t.same(await stories(), [[]], 'nobody knows yet whom it is about')

  await turn(taken ? [accepted(taken, 'r1')] : [], 0)
  await say('r1', 'third')
  await say('r1', 'third')
  t.same(await stories(), [['first', 'second', 'third']])
  t.same(await sql`select ref from early_statuses`, [{ ref: 'another' }])
})

const accepted = (taken: ClaimedMessage, ref: string): AttemptResult => ({
  claimed: taken,
  decision: { kind: 'accepted', outcome: { kind: 'accepted', ref } },
  storyEntry: { kind: 'attempt', number: 1, at: now().toISOString(), outcome: 'accepted', ref, durationMs: 1 }
})
