import t from 'tap'
import type { AttemptResult, ClaimedMessage } from '../../src/delivery/attempt.ts'
import { sendTurn } from '../../src/delivery/settle.ts'
import { storeEvents } from '../../src/inbound/store-events.ts'
import { ACCEPT } from '../../src/messages/accept.ts'
import { endWaiting } from '../../src/messages/end-waiting.ts'
import { replayMessages } from '../../src/messages/replay.ts'
import { type Database, openDatabase as open } from '../../src/postgres/connect.ts'
import { callRoutine } from '../../src/postgres/sql-routine.ts'
import { claim, handOff, release, releaseClaimsOfDeadHosts } from '../../src/queue/claims.ts'
import { wrote } from '../conversation-fixture.ts'
import { testDatabase } from '../harness.ts'
import { text } from '../scripted-channel.ts'

/**
 * Order of locks: conversations by their ids, then registrations by theirs, then
 * jobs by their keys. Otherwise two transactions wait for each other until
 * Postgres ends one of them after a second.
 */

const ROUNDS = 25
const REGISTRATIONS = [1, 2, 3, 4, 5, 6]
const HOST = 'host'
/** Another one, which lives. */
const OTHER = 'other'
const now = () => new Date()

t.test('locks: transactions about several registrations at the same time never wait in a circle', async t => {
  const database = open(await testDatabase(t), 10)
  t.teardown(database.close)
  await register(database)

  for (let round = 0; round < ROUNDS; round++) {
    const order = round % 2 ? REGISTRATIONS : REGISTRATIONS.toReversed()
    await accept(database, order, `before ${round}`)
    const taken = await take(database, [])
    await database.pool.query('update registrations set telling_host = $1', [round % 2 ? HOST : null])
    const ids = await idsOf(database)
    const steps = {
      cancel: endWaiting(database, ids, { reason: 'cancelled', now, enough: new AbortController().signal }),
      'take while it is cancelled': take(database, []),
      replay: replayMessages(database, ids.toReversed(), now()),
      accept: accept(database, order, `meanwhile ${round}`),
      'accept others': accept(database, order.toReversed(), `then ${round}`),
      claim: claim(database, 'tell', HOST, order),
      'let go': release(database, 'send', HOST, order, round % 3 === 0, now()),
      'hand over': handOff(database, 'tell', HOST, order.toReversed(), OTHER),
      free: database.db.transaction(releaseClaimsOfDeadHosts),
      pause: take(database, taken.toReversed().map(throttled)),
      hear: report(
        database,
        order.toReversed().flatMap(id => [heard(id, round), unknown(id, round)])
      ),
      'hear more': report(
        database,
        order.flatMap(id => [unknown(id, round), changed(id, round)])
      ),
      'hear of wishes': report(
        database,
        order.map(id => wished(id, round))
      ),
      'hear of accounts': report(
        database,
        order.toReversed().map(id => changed(id, round))
      )
    }
    const ends = await Promise.allSettled(Object.values(steps))
    const failed = Object.keys(steps).flatMap((step, index) => {
      const end = ends[index]
      return end?.status === 'rejected' ? [`${step}: ${String(end.reason.cause ?? end.reason)}`] : []
    })
    t.same(failed, [], `round ${round}`)
  }
})

const wished = (registrationId: number, round: number) => ({
  registrationId,
  event: {
    kind: 'consent' as const,
    contact: `contact ${registrationId}`,
    purpose: 'all' as const,
    isGiven: round % 2 === 1
  }
})

/** They lie in the order opposite to their ids. */
async function register({ pool }: Database): Promise<void> {
  await pool.query("insert into hosts (id, pools) values ($1, '{}')", [OTHER])
  for (const id of REGISTRATIONS)
    await pool.query(`
      insert into registrations (channel, company_id, alias, plugin_id, cluster_uri, country, currency, hpt, webhook_token, webhook_hash)
      values ('scripted', '${id}', 'chat', '1', 'http://crm.example/', 'BR', 'BRL', '', '', '${id}')`)
  for (const id of REGISTRATIONS.toReversed())
    await pool.query('update registrations set country = $2 where id = $1', [id, 'PT'])
}

const accept = ({ pool }: Database, ids: readonly number[], crmId: string) =>
  callRoutine(pool, ACCEPT, [
    ids,
    ids.map(id => `contact ${id}`),
    ids.map(() => null),
    ids.map(() => crmId),
    JSON.stringify(ids.map(id => text(`contact ${id}`, crmId))),
    null,
    ids.map(() => null),
    now()
  ])

const take = async (database: Database, done: readonly AttemptResult[]): Promise<ClaimedMessage[]> => {
  if (done.length === 0) await claim(database, 'send', HOST, REGISTRATIONS)
  const wants =
    done.length === 0 ? REGISTRATIONS.map(registrationId => ({ registrationId, free: 2, bulk: 0, least: 0 })) : []
  return sendTurn(done, { database, host: HOST, wants, inHand: [], now: now() })
}

const throttled = (taken: ClaimedMessage): AttemptResult => ({
  claimed: taken,
  decision: { kind: 'paused', until: now(), reason: 'slower' },
  storyEntry: { kind: 'attempt', number: 1, at: now().toISOString(), outcome: 'throttled', durationMs: 1 }
})

const idsOf = async ({ pool }: Database): Promise<number[]> =>
  (await pool.query<{ id: string }>('select id from messages order by id desc')).rows.map(({ id }) => Number(id))

const report = ({ db }: Database, all: Parameters<typeof storeEvents>[1]) =>
  db.transaction(tx => storeEvents(tx, all, now()))

const heard = (registrationId: number, round: number) => ({
  registrationId,
  event: wrote(`incoming ${round}`, `contact ${registrationId}`)
})

const changed = (registrationId: number, round: number) => ({
  registrationId,
  event: { kind: 'template', ref: `change ${round}`, change: 'status', name: 'offer' } as const
})

/** A status of a message that has not been sent yet, so that it is kept as unmatched. */
const unknown = (registrationId: number, round: number) => ({
  registrationId,
  event: { kind: 'status', ref: `unknown ${round}`, status: 'delivered' } as const
})
