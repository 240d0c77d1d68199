import { sql } from 'drizzle-orm'
import t from 'tap'
import { messages } from '../../src/postgres/schema/messages.ts'
import { text } from '../scripted-channel.ts'
import { failedHost, type Operation } from './failed-host.ts'

/** Failed messages by what they failed of, and replays of such a group. */

interface Group {
  channel: string
  failure: string
  reason: string
  code: string | null
  count: number
  firstAt: string
  lastAt: string
  sample: { id: number; contact: string; registration: number; reason: string }
  filter: object
  replaying: number | null
}

const groupsOf = ({ json }: { json: unknown }) => json as { items: Group[]; isCut: boolean }

t.test('failures that differ in numbers and addresses are one group, with its newest message', async t => {
  const { ask, db } = await failedHost(t, { count: 6 })
  await db.execute(sql`
    update messages set reason = 'Number +55 11 9123' || id || '-5678 is unknown (404), see https://x.example/' || id,
      settled_at = now() - make_interval(hours => (10 - id)::int) where id <= 3`)
  await db.execute(sql`update messages set reason = 'HTTP 500', code = '7' where id = 4`)
  await db.execute(sql`update messages set reason = 'HTTP 500', code = '8' where id = 5`)
  await db.execute(sql`update messages set reason = 'HTTP 503', state = 'accepted', status = 'error' where id = 6`)
  const { items, isCut } = groupsOf(await ask('/failures'))
  t.equal(isCut, false)
  t.match(items[0], {
    channel: 'echo',
    reason: 'Number … is unknown (404), see …',
    code: null,
    count: 3,
    sample: { id: 3, registration: 1, contact: 'contact 2', reason: /91233-5678.*example\/3$/ },
    replaying: null
  })
  t.equal(Date.parse(items[0]?.lastAt ?? '') - Date.parse(items[0]?.firstAt ?? ''), 2 * 3_600_000)
  t.same(
    items
      .slice(1)
      .map(({ reason, code, count }) => `${reason} ${code} ${count}`)
      .toSorted(),
    ['HTTP 500 7 1', 'HTTP 500 8 1', 'HTTP 503 null 1']
  )
  const cut = groupsOf(await ask('/failures?limit=1'))
  t.match(cut, { items: [{ count: 3 }], isCut: true })
})

t.test('a group counts what failed in its time, and its filter finds the very same messages', async t => {
  const { ask, db } = await failedHost(t, { count: 5 })
  await db.execute(sql`update messages set settled_at = now() - make_interval(days => id::int * 2)`)
  const [recent] = groupsOf(await ask('/failures')).items
  t.match(recent, { count: 3 })
  const hours = (ago: number) => encodeURIComponent(new Date(Date.now() - ago * 3_600_000).toISOString())
  const [some] = groupsOf(await ask(`/failures?since=${hours(9 * 24)}&until=${hours(5 * 24)}`)).items
  t.match(some, { count: 2 })
  const found = await ask(`/messages?${new URLSearchParams(some?.filter as Record<string, string>)}`)
  t.same(
    found.json.items.map(({ id }) => id),
    [4, 3]
  )
  t.equal((await ask(`/failures?since=${hours(1)}&until=${hours(2)}`)).status, 400)
})

t.test('a group is replayed by its filter with a rate, says so meanwhile, and no other message is', async t => {
  const { ask, db, reach, replays, start, worker } = await failedHost(t, { count: 12 })
  await db.execute(sql`update messages set reason = 'Recipient ' || id || ' is unknown' where id <= 8`)
  worker()
  const [group] = groupsOf(await ask('/failures')).items
  t.match(group, { reason: 'Recipient … is unknown', count: 8 })
  const { operation, total } = await start({ filter: group?.filter, perSecond: 4 })
  t.match({ total, operation }, { total: 8, operation: { state: 'running', filter: group?.filter } })
  await reach(operation.id, 'a start', ({ changed }) => changed >= 2)
  const meanwhile = groupsOf(await ask('/failures')).items
  t.match(meanwhile.find(({ reason }) => reason === group?.reason)?.replaying, operation.id)
  t.match(meanwhile.find(({ reason }) => reason !== group?.reason)?.replaying, null)
  t.match(await reach(operation.id, 'its end', ({ state }: Operation) => state === 'done'), { seen: 8, changed: 8 })
  t.same(await replays(), [...Array(8).fill(1), ...Array(4).fill(0)])
  const after = groupsOf(await ask('/failures')).items
  t.match(after, [{ count: 4, replaying: null }])
  t.equal(after.length, 1)
})

t.test('a token of one registration sees its own failures and replays only', async t => {
  const { ask, fail, other, start, token } = await failedHost(t, { count: 2 })
  await other.send(text('theirs', 'hello'))
  await fail(sql`id = 3`)
  const own = await token({ registrationId: 2 })
  t.match(groupsOf(await ask('/failures')).items, [{ count: 3 }])
  const seen = groupsOf(await ask('/failures', { token: own })).items
  t.match(seen, [{ count: 1, sample: { contact: 'theirs' }, filter: { registration: 2 } }])
  t.equal((await ask('/failures?registration=1', { token: own })).status, 403)
  const { operation } = await start({ filter: { failure: seen[0]?.failure, channel: 'echo' }, perSecond: 1 })
  t.match(groupsOf(await ask('/failures')).items, [{ replaying: operation.id }])
  t.match(groupsOf(await ask('/failures', { token: own })).items, [{ replaying: null }])
  const ofOne = groupsOf(await ask('/failures?registration=2')).items
  t.match(ofOne, [{ replaying: operation.id }], 'who may see all sees that it is replayed with the rest')
  t.same(groupsOf(await ask('/failures?channel=form-gallery')).items, [])
  for (const query of ['failure=x', `failure=${seen[0]?.failure}x`])
    t.equal((await ask(`/messages?${query}`)).status, 400)
})

t.test('neither a claim nor a status of success gives a message a group, which their index has to know', async t => {
  const { db } = await failedHost(t, { count: 3 })
  await db.execute(sql`update messages set state = 'waiting', reason = null, settled_at = null where id = 1`)
  const failureOf = async () => (await db.select().from(messages).where(sql`id = 1`))[0]?.failure
  t.equal(await failureOf(), null)
  for (const change of [`state = 'sending'`, `state = 'accepted', status = 'sent'`, `status = 'read'`]) {
    await db.execute(sql`update messages set ${sql.raw(change)} where id = 1`)
    t.equal(await failureOf(), null, change)
  }
  await db.execute(sql`update messages set status = 'error' where id = 1`)
  t.ok(await failureOf())
})
