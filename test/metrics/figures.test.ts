import { sql } from 'drizzle-orm'
import t, { type Test } from 'tap'
import { readFigures } from '../../src/metrics/figures.ts'
import { openDatabase, testDatabase } from '../harness.ts'

/** Figures of the database: each counts what its name says, and none reads all messages. */

async function build(t: Test) {
  const { db, close } = openDatabase(await testDatabase(t))
  t.teardown(close)
  const run = (text: string) => db.execute(sql.raw(text))
  await run(`
    insert into registrations (channel, company_id, alias, plugin_id, origin, cluster_uri, country, currency, hpt, webhook_token,
      webhook_hash, archived_at, operator_paused_until)
    select channel, n, 'a', 'p', 'o', 'http://c', 'US', 'USD', 'h', 'w', n, archived, paused
    from (values ('echo', '1', null::timestamptz, null::timestamptz), ('echo', '2', null, '9999-01-01'), ('lots', '3', '2020-01-01', null))
      r(channel, n, archived, paused);
    insert into conversations (registration_id, contact) select id, 'c' from registrations`)
  return { run, figures: () => readFigures(db) }
}

const byChannel = <Row extends { channel: string }>(rows: readonly Row[]) =>
  rows.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))

t.test('registrations are active, paused or archived', async t => {
  const { figures } = await build(t)
  t.same(byChannel((await figures()).registrations), [
    { channel: 'echo', state: 'active', count: 1 },
    { channel: 'echo', state: 'paused', count: 1 },
    { channel: 'lots', state: 'archived', count: 1 }
  ])
})

t.test('messages that are not settled wait, by channel and lane', async t => {
  const { run, figures } = await build(t)
  await run(`
    insert into messages (registration_id, conversation_id, body, bulk, state, settled_at)
    select r, r, '{}', bulk, state, settled from (values
      (1, false, 'waiting', null::timestamptz), (1, false, 'sending', null), (1, true, 'gathered', null), (2, true, 'waiting', null),
      (1, false, 'accepted', now()), (1, false, 'failed', now())) m(r, bulk, state, settled)`)
  t.same(byChannel((await figures()).waiting), [
    { channel: 'echo', class: 'bulk', count: 2 },
    { channel: 'echo', class: 'normal', count: 2 }
  ])
})

t.test('the oldest message that may go counts since it was due, and none of a paused registration', async t => {
  const { run, figures } = await build(t)
  await run(`update conversations set sending_due = now() - interval '1 day' where registration_id = 2`)
  t.same((await figures()).oldest, [])
  await run(`
    update conversations set sending_due = now() - interval '1 minute', sending_bulk = true where registration_id = 1;
    insert into conversations (registration_id, contact, sending_due) values (1, 'later', now() + interval '1 hour')`)
  const [oldest] = (await figures()).oldest
  t.equal(oldest?.channel, 'echo')
  t.ok(oldest && oldest.seconds >= 60 && oldest.seconds < 120)
})

t.test('the outbox counts all that is not settled, and is as old as what a CRM is offered', async t => {
  const { run, figures } = await build(t)
  t.same((await figures()).outbox, { waiting: 0, oldest: 0 })
  await run(`
    insert into outbox (registration_id, conversation_id, kind, body, dedupe, offered_since, settled_at, state)
    select r, r, 'status', '{}', key, now() - age::interval, settled, 'waiting' from (values
      (1, 'a', '1 minute', null::timestamptz), (1, 'b', '1 hour', now()), (3, 'c', '1 day', null)) i(r, key, age, settled)`)
  const { waiting, oldest } = (await figures()).outbox
  t.equal(waiting, 2)
  t.ok(oldest >= 60 && oldest < 120, 'an archived registration keeps its items for later')
})

t.test('lots are those that are open, and those that ended within the hour', async t => {
  const { run, figures } = await build(t)
  await run(`
    insert into lots (registration_id, name, key, hash, state, seals_at, ended_at)
    select 1, 'n', '{}', state || number, state, now(), ended from (values
      (1, 'sending', null::timestamptz), (2, 'sending', null), (3, 'failed', now()), (4, 'finished', now() - interval '2 hours')) l(number, state, ended)`)
  t.same(
    (await figures()).lots.toSorted((a, b) => a.count - b.count),
    [
      { state: 'failed', count: 1 },
      { state: 'sending', count: 2 }
    ]
  )
})

t.test('hosts are those whose heart beats', async t => {
  const { run, figures } = await build(t)
  await run(`
    insert into hosts (id, pools, seen_at) values ('a', '{}', now()), ('b', '{}', now() - interval '1 minute')`)
  t.equal((await figures()).hosts, 1)
})
