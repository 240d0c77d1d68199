import type { Outcome } from 'channel-kit/outcome'
import fc from 'fast-check'
import t from 'tap'
import { registrations } from '../../src/postgres/schema/registrations.ts'
import { addJob } from '../../src/queue/jobs.ts'
import { talkingHost, wrote } from '../conversation-fixture.ts'
import { until } from '../harness.ts'
import { taken, text } from '../scripted-channel.ts'

/** Others at the same host are served whatever a channel answers. */

const RUNS = 60

const half = fc.constantFrom('\ud800', 'a\udc00b', '\0', 'x\0y')
const long = fc.integer({ min: 400, max: 200_000 }).map(length => 'é'.repeat(length))
const leaf = fc.oneof(
  fc.string({ unit: 'binary' }),
  half,
  long,
  fc.double(),
  fc.constantFrom<unknown>(
    null,
    undefined,
    true,
    -1,
    2 ** 60,
    1n,
    Symbol('s'),
    () => 1,
    new Date(Number.NaN),
    new Map()
  )
)
const deep = fc.integer({ min: 20, max: 2_000 }).map(depth => {
  let value: unknown = 'bottom'
  for (let level = 0; level < depth; level += 1) value = { in: [value] }
  return value
})
const many = fc.integer({ min: 100, max: 20_000 }).map(length => new Array<unknown>(length).fill({ kind: 'status' }))
const hostile = fc.constantFrom<unknown>(
  {
    get kind() {
      throw new Error('a getter')
    }
  },
  new Proxy(
    {},
    {
      get() {
        throw { toString: null }
      }
    }
  ),
  {
    toJSON() {
      throw new Error('no JSON')
    }
  },
  new Array(4_000_000_000)
)
const anything: fc.Arbitrary<unknown> = fc.oneof(leaf, deep, many, hostile, fc.object({ maxDepth: 2 }))

/** Near misses: a record of the right names, any of which may have anything. */
const nearly = (names: Readonly<Record<string, fc.Arbitrary<unknown>>>) =>
  fc.record(
    Object.fromEntries(
      Object.entries(names).map(([name, right]) => [name, fc.oneof({ weight: 3, arbitrary: right }, anything)])
    ),
    { requiredKeys: [] }
  )

const status = nearly({
  kind: fc.constant('status'),
  ref: fc.string({ unit: 'binary' }),
  status: fc.constantFrom('sent', 'read', 'error', 'returned'),
  reason: fc.string(),
  remember: fc.object(),
  message: fc.constant({ id: '1', part: 3 })
})
const event = fc.oneof(
  status,
  nearly({ kind: fc.constant('either'), statuses: fc.array(status, { maxLength: 3 }) }),
  nearly({
    kind: fc.constant('message'),
    ref: fc.string({ unit: 'binary', minLength: 1 }),
    contact: fc.constantFrom('1', '2', 'x\0'),
    subject: fc.constant(null),
    content: fc.constant({ text: 'a\ud800\0', format: 'text' }),
    attachments: fc.constant([]),
    context: fc.object(),
    by: fc.constantFrom('business', undefined),
    hidden: fc.boolean(),
    at: fc.date({ noInvalidDate: false })
  }),
  nearly({ kind: fc.constant('renamed'), from: fc.constantFrom('1', '2', '3'), to: fc.constantFrom('1', '2', '4\0') }),
  nearly({ kind: fc.constant('note'), name: half, value: fc.object() }),
  nearly({
    kind: fc.constant('template'),
    ref: fc.string({ unit: 'binary', minLength: 1 }),
    change: fc.constantFrom('status', 'content'),
    name: half,
    status: fc.string({ minLength: 1 }),
    reason: half
  }),
  nearly({
    kind: fc.constant('quality'),
    ref: fc.string({ unit: 'binary', minLength: 1 }),
    of: fc.constantFrom('number', 'template'),
    name: half,
    limit: fc.string({ minLength: 1 })
  }),
  nearly({
    kind: fc.constant('answer'),
    ref: fc.string({ minLength: 1 }),
    contact: fc.constant('1'),
    content: fc.constant({ text: 'a', format: 'text' })
  }),
  anything
)
const events = fc.oneof({ weight: 5, arbitrary: fc.array(event, { maxLength: 6 }) }, anything)
const outcome = nearly({
  kind: fc.constantFrom('accepted', 'retry', 'rejected', 'unknown'),
  ref: fc.string({ unit: 'binary', minLength: 1 }),
  reason: fc.string({ unit: 'binary' }),
  sent: fc.array(fc.record({ part: fc.nat(20), ref: fc.string({ unit: 'binary', minLength: 1 }) }), { maxLength: 3 }),
  later: fc.array(fc.record({ afterMs: fc.constantFrom(0, 5), events }), { maxLength: 2 }),
  events,
  remember: fc.object(),
  progress: fc.object(),
  afterMs: fc.constantFrom(0, 1),
  parts: fc.nat(3)
})

/** How it comes: as an answer, thrown, at once or never. */
const coming = fc.constantFrom('answered', 'thrown', 'rejected', 'never')

const NEVER = new Promise<never>(() => {})

function come<Answer>(how: string, what: unknown): Promise<Answer> {
  if (how === 'thrown') throw what
  if (how === 'rejected') return Promise.reject(what)
  return how === 'never' ? NEVER : (Promise.resolve(what) as Promise<Answer>)
}

t.test('whatever a channel answers to a send, a call or a poll, bystanders are served', async t => {
  let said: { how: string; outcome: unknown; report: unknown } = { how: 'answered', outcome: null, report: null }
  const { post, reach, host, join, plugin } = await talkingHost(
    t,
    message => (message.contact.startsWith('victim') ? taken(message) : come<Outcome>(said.how, said.outcome)),
    {
      env: { LV_PLUGIN_CHAT_SEND_ATTEMPTS: '2', LV_PLUGIN_CHAT_SEND_TIMEOUT: '300ms' },
      channel: {
        webhook: {
          bodyLimit: 1_000_000,
          verify: async () => ({ kind: 'genuine' }),
          receive: async ({ body }) =>
            body.length > 0
              ? { reply: { status: 200 }, events: JSON.parse(body.toString()) }
              : come(said.how === 'never' ? 'answered' : said.how, { reply: said.outcome, events: said.report })
        },
        poll: {
          cron: '0 0 1 1 *',
          read: () => come(said.how === 'never' ? 'answered' : said.how, { events: said.report, cursor: said.outcome })
        }
      }
    }
  )
  const bystander = await join()
  const { json } = await plugin.markdownPreview('webhook')
  const hostileHook = (json as { markdown: string }).markdown
  let run = 0

  await fc.assert(
    fc.asyncProperty(coming, fc.oneof(outcome, anything), events, async (how, answer, report) => {
      said = { how, outcome: answer, report }
      run += 1
      await post(`hostile ${run % 5}`, 'x')
      const called = fetch(hostileHook, { method: 'POST' })
      await addJob(host.database.db, 'poll', { registration: 1 })
      const { message } = await bystander.plugin.send(text(`victim ${run}`, 'x'))
      const heard = await fetch(bystander.webhook, {
        method: 'POST',
        body: JSON.stringify([wrote(`m${run}`, `victim ${run}`)])
      })
      t.equal(heard.status, 200)
      await reach(message.id, 'accepted')
      t.match((await called).status, /^(200|503|\d+)$/)
    }),
    { numRuns: RUNS, endOnFailure: true }
  )

  await until('nothing to be sent', async () => {
    const rows = await host.database.sql`select id from messages where registration_id = 1 and state = 'sending'`
    return rows.length === 0
  })
  t.equal((await fetch(`${host.url}health/ready`)).status, 200)
  t.equal((await host.database.db.select().from(registrations)).length, 2)
})
