import type { GatewayEvent, QualityEvent, TemplateEvent } from 'channel-kit/event'
import { readEvent } from 'channel-kit/event-answer'
import t from 'tap'
import { storeEvents } from '../../src/inbound/store-events.ts'
import { notes } from '../../src/postgres/schema/registrations.ts'
import { talkHost } from '../api/talk-host.ts'
import { wrote } from '../conversation-fixture.ts'
import { until } from '../harness.ts'

/** News of an account: its templates, and what its gateway thinks of it. */

const NEWS = 'template.changed,quality.changed'

const template = (ref: string, more: Partial<TemplateEvent> = {}): TemplateEvent => ({
  kind: 'template',
  ref,
  change: 'status',
  name: 'offer',
  ...more
})

const quality = (ref: string, more: Partial<QualityEvent> = {}): QualityEvent => ({
  kind: 'quality',
  ref,
  of: 'number',
  name: '421900000000',
  ...more
})

t.test('news of an account are told in order, each once, and to readers of its registration', async t => {
  const { report, read, join, host } = await talkHost(t)
  const other = await join()
  const paused = template('n-1', { status: 'PAUSED', reason: 'poor quality', language: 'en_US' })
  await report(wrote('in-1', 'anna'), paused, quality('n-2', { from: 'GREEN', to: 'RED' }))
  await report(paused, template('n-3', { status: 'APPROVED' }), template('n-3', { status: 'APPROVED' }))
  await other.report(paused)
  await report(quality('n-2'), quality('n-4', { event: 'DOWNGRADE', limit: 'TIER_2K', limitBefore: 'TIER_10K' }))

  const [first, second, ...rest] = await read(NEWS)
  t.match(first, {
    type: 'template.changed',
    registration: 1,
    change: 'status',
    name: 'offer',
    language: 'en_US',
    status: 'PAUSED',
    reason: 'poor quality',
    category: null,
    categoryNext: null
  })
  t.notOk('contact' in (first ?? {}), 'they are about no contact')
  t.match(second, { type: 'quality.changed', of: 'number', from: 'GREEN', to: 'RED', limit: null, event: null })
  t.match(rest, [
    { type: 'template.changed', registration: 1, status: 'APPROVED' },
    { type: 'template.changed', registration: 2, status: 'PAUSED' },
    { type: 'quality.changed', registration: 1, limit: 'TIER_2K', limitBefore: 'TIER_10K', event: 'DOWNGRADE' }
  ])
  t.equal(rest.length, 3)
  t.equal((await read('message.received')).length, 1)
  t.equal(await host.database.db.$count(notes), 2, 'one note of each registration remembers them')
})

t.test('news that come at the same time are each told once, whatever else comes in with them', async t => {
  const { report, read, host } = await talkHost(t)
  const refs = Array.from({ length: 60 }, (_, index) => `n-${index % 20}`)
  await Promise.all(refs.map((ref, index) => report(template(ref), wrote(`in-${index}`, `contact ${index % 7}`))))
  t.same((await read(NEWS)).length, 20)
  t.equal((await read('message.received')).length, 60)

  const { db, sql } = host.database
  const begun = Promise.withResolvers<void>()
  const over = Promise.withResolvers<void>()
  const slow = db.transaction(async tx => {
    await storeEvents(tx, [{ registrationId: 1, event: template('slow', { name: 'slow' }) }], new Date())
    begun.resolve()
    await over.promise
  })
  await begun.promise
  const behind = report(template('fast', { name: 'fast' }), template('slow', { name: 'slow' }))
  await until('the call to wait', async () => (await sql`select from pg_locks where not granted`).length > 0)
  over.resolve()
  await Promise.all([slow, behind])
  const names = (await read(NEWS)).map(({ name }) => name)
  t.same(names.slice(20), ['slow', 'fast'])
})

t.test('a repeat is known among the last hundred news', async t => {
  const { report, read } = await talkHost(t)
  await report(...Array.from({ length: 150 }, (_, index) => template(`n-${index}`)))
  await report(template('n-149'), template('n-50'))
  t.equal((await read(NEWS)).length, 150)
  await report(template('n-49'))
  t.equal((await read(NEWS)).length, 151)
})

t.test('news that are not as the kit says, or too long, are left out, and the others of a call are told', async t => {
  const { report, read } = await talkHost(t)
  const wrong = [
    template('w', { status: 'x'.repeat(65) }),
    template('w', { status: '' }),
    template('w', { category: 'two\nlines' }),
    template('w', { name: 'x'.repeat(513) }),
    template('w', { name: '' }),
    template('x'.repeat(513)),
    { ...template('w'), change: 'everything' },
    { ...template('w'), language: 7 },
    quality('w', { limit: 'x'.repeat(65) }),
    { ...quality('w'), of: 'account' },
    { kind: 'quality', of: 'number', name: '1' }
  ] as GatewayEvent[]
  for (const event of wrong) t.match(readEvent(event), { wrong: String }, JSON.stringify(event).slice(0, 100))
  const longest = template('right', { name: 'é'.repeat(512), reason: 'r'.repeat(9_000), status: 'S'.repeat(64) })
  await report(...wrong, longest, { ...quality('also'), more: 'x'.repeat(9_000) } as QualityEvent)
  const [one, two, ...rest] = await read(NEWS)
  t.same(rest, [])
  t.equal(String(one?.reason).length, 2_000)
  t.match(two, { of: 'number' })
  t.notOk('more' in (two ?? {}))
})

t.test('what a half character or NUL is in stays out of the database, and costs no news', async t => {
  const { report, read } = await talkHost(t)
  await report(template('a\0\ud800', { name: 'b\0\ud800', reason: 'c\0' }))
  await report(template('a\0\ud800', { name: 'b\0\ud800', reason: 'c\0' }))
  t.match(await read(NEWS), [{ name: 'b\ufffd', reason: 'c' }])
})
