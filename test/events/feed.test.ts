import { sql } from 'drizzle-orm'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import type { EventType } from '../../src/events/event.ts'
import { endOfFeed, type FeedFilter, placeEvents, readFeed } from '../../src/events/feed.ts'
import { removeEvents } from '../../src/events/retention.ts'
import { writeEvents } from '../../src/events/write.ts'
import { type Executor, openDatabase } from '../../src/postgres/connect.ts'
import { events } from '../../src/postgres/schema/events.ts'
import { testDatabase } from '../harness.ts'

/** The feed as its readers have it: every event once, whenever its transaction commits. */

const NEVER = new AbortController().signal

t.test('an event of a transaction that commits late is read once by each reader, after what was read', async t => {
  const { db, write, reader } = await build(t)
  const [one, other] = [reader(), reader()]
  const late = transaction(db)
  await late.do(tx => write(tx, 1, 'late'))
  await write(db, 2, 'early')
  t.same(await one.read(), ['early'])

  await write(db, 3, 'meanwhile')
  await late.commit()
  t.same((await one.read()).toSorted(), ['late', 'meanwhile'])
  t.same((await other.read()).toSorted(), ['early', 'late', 'meanwhile'])
  t.same([await one.read(), await other.read()], [[], []])
})

t.test(
  'readers and writers at the same time: each reader gets each event once, those of a conversation in order',
  async t => {
    const { db, write, reader } = await build(t)
    const readers = [reader(), reader(), reader()]
    const each = 40
    const got: string[][] = readers.map(() => [])
    let isWriting = true
    const writers = [1, 2, 3, 4].map(async conversation => {
      for (let number = 0; number < each; number += 1)
        await db.transaction(async tx => {
          await tx.execute(sql`select pg_advisory_xact_lock(${conversation})`)
          await write(tx, conversation, `${conversation}:${number}`)
          if (number % 7 === 0) await tx.execute(sql`select pg_sleep(0.01)`)
        })
    })
    const reading = readers.map(async ({ read }, index) => {
      while (isWriting) got[index]?.push(...(await read(5)))
      for (let more = await read(); more.length > 0; more = await read()) got[index]?.push(...more)
    })
    await Promise.all(writers)
    isWriting = false
    await Promise.all(reading)
    for (const texts of got) {
      t.equal(texts.length, 4 * each)
      for (const conversation of [1, 2, 3, 4])
        t.same(
          texts.filter(text => text.startsWith(`${conversation}:`)),
          Array.from({ length: each }, (_, number) => `${conversation}:${number}`)
        )
    }
  }
)

t.test('a reader of some types and of one registration gets those alone, and its cursor passes the others', async t => {
  const { db, database, write } = await build(t)
  const types: EventType[] = ['message.status', 'message.received', 'contact.renamed']
  const given = fc.array(fc.record({ registration: fc.constantFrom(1, 2), type: fc.constantFrom(...types) }), {
    minLength: 1,
    maxLength: 20
  })
  await fc.assert(
    fc.asyncProperty(
      given,
      fc.subarray(types, { minLength: 1 }),
      fc.integer({ min: 1, max: 5 }),
      async (all, wanted, limit) => {
        const start = await endOfFeed(database, NEVER)
        for (const [index, { registration, type }] of all.entries())
          await write(db, 1, `${index}`, { registration, type })
        const texts: string[] = []
        const filter: FeedFilter = { after: start, registrationId: 1, types: wanted }
        for (let more = true; more; ) {
          const page = await readFeed(database, filter, limit)
          texts.push(...page.events.map(({ body }) => String(body.text)))
          more = page.more
          filter.after = page.next
        }
        const expected = all.flatMap(({ registration, type }, index) =>
          registration === 1 && wanted.includes(type) ? [`${index}`] : []
        )
        t.equal(filter.after, await endOfFeed(database, NEVER))
        return t.same(texts, expected)
      }
    ),
    { numRuns: 25 }
  )
})

t.test('a rare type is found behind many others, a step at a time', async t => {
  const { db, database, write } = await build(t)
  await db.execute(sql`
    insert into events (registration_id, type, body) select 1, 'message.status', '{}' from generate_series(1, 25000)`)
  await write(db, 1, 'the one', { type: 'contact.renamed' })
  t.equal(await endOfFeed(database, NEVER), 25_001)
  const pages = []
  for (let after = 0, more = true; more; ) {
    const page = await readFeed(database, { after, types: ['contact.renamed'] }, 10)
    pages.push([page.next, page.events.length])
    after = page.next
    more = page.more
  }
  t.same(pages, [
    [10_000, 0],
    [20_000, 0],
    [25_001, 1]
  ])
})

t.test('old events go, read or not; a cursor behind them goes on, and positions are not given twice', async t => {
  const { db, database, write, reader } = await build(t)
  const { read } = reader()
  await write(db, 1, 'one')
  await write(db, 1, 'two')
  t.same(await read(), ['one', 'two'])
  await write(db, 1, 'never read')
  await db.execute(sql`update events set at = now() - interval '8 days'`)
  await write(db, 1, 'young')
  t.equal(await removeEvents(database, new Date(Date.now() - 7 * 86_400_000), NEVER), 3)
  t.same(await read(), ['young'])
  await db.delete(events)
  t.same((await placeEvents(database)).last, 0)
  await write(db, 1, 'after all')
  t.same(await read(), ['after all'])
})

t.test('a host that keeps no events writes none', async t => {
  const { url, write } = await build(t)
  const silent = openDatabase(url, 1, { keepsEvents: false })
  t.teardown(silent.close)
  await silent.db.transaction(tx => write(tx, 1, 'nobody'))
  t.equal(await silent.db.$count(events), 0)
})

async function build(t: Test) {
  const url = await testDatabase(t)
  const database = openDatabase(url, 8)
  t.teardown(database.close)
  const { db } = database
  const insert = (tx: Executor, conversation: number, text: string, { registration, type }: typeof DEFAULT) =>
    writeEvents(tx, [{ registrationId: registration, conversationId: conversation, type, body: { text } }])
  const write = (tx: Executor, conversation: number, text: string, more: Partial<typeof DEFAULT> = {}) =>
    tx === db
      ? db.transaction(own => insert(own, conversation, text, { ...DEFAULT, ...more }))
      : insert(tx, conversation, text, { ...DEFAULT, ...more })
  const reader = () => {
    let after = 0
    const read = async (limit = 1_000) => {
      const page = await readFeed(database, { after }, limit)
      after = page.next
      return page.events.map(({ body }) => String(body.text))
    }
    return { read }
  }
  return { url, database, db, write, reader }
}

const DEFAULT: { registration: number; type: EventType } = { registration: 1, type: 'contact.renamed' }

/** A transaction that is open until it is told to commit. */
function transaction(db: ReturnType<typeof openDatabase>['db']) {
  const opened = Promise.withResolvers<Executor>()
  const over = Promise.withResolvers<void>()
  const ended = db.transaction(async tx => {
    opened.resolve(tx)
    await over.promise
  })
  return {
    do: async (work: (tx: Executor) => Promise<unknown>) => work(await opened.promise),
    commit: () => {
      over.resolve()
      return ended
    }
  }
}
