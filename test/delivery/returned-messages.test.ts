import type { EitherEvent } from 'channel-kit/event'
import type { Outcome, Outgoing } from 'channel-kit/outcome'
import type { SQL } from 'drizzle-orm'
import t from 'tap'
import { storeEvents } from '../../src/inbound/store-events.ts'
import { messageParts, messages } from '../../src/postgres/schema/messages.ts'
import { earlyStatuses } from '../../src/postgres/schema/statuses.ts'
import { talkingHost, wrote } from '../conversation-fixture.ts'
import { until } from '../harness.ts'

/** Statuses that depend on what a send knew, and messages that gateways give back. */

const status = (ref: string, status: 'sent' | 'delivered' | 'read' | 'error' | 'returned', more = {}) =>
  ({ kind: 'status', ref, status, ...more }) as const

const parts = (...refs: string[]) => refs.map((ref, part) => ({ part, ref }))

const either = (id: string): EitherEvent => ({
  kind: 'either',
  statuses: [
    status(`${id}/a`, 'error', { reason: 'not by a', remember: 'a' }),
    status(`${id}/b`, 'delivered', { remember: 'b' })
  ]
})

/** A gateway that names messages by their attempts. */
const byAttempt = async ({ attempt }: Outgoing): Promise<Outcome> => ({ kind: 'accepted', ref: `ref${attempt}` })

t.test(
  'of statuses that exclude each other that one counts whose ref is known, and nothing of the others is kept',
  async t => {
    const { post, reach, report, heard, db, script } = await talkingHost(t, async ({ content }) => ({
      kind: 'accepted',
      ref: content?.text ?? ''
    }))
    const [failed, fine] = [await post('1', '7/a'), await post('2', '8/b')]
    await reach(failed, 'accepted')
    await reach(fine, 'accepted')
    await report(either('7'), either('8'))
    t.same(await heard(failed, 1), ['error'])
    t.same(await heard(fine, 1), ['delivered'])
    t.same(await db.select().from(earlyStatuses), [])
    await post('1', '9/a')
    await until('the next one', async () => script.handed.length === 3)
    t.equal(script.handed.at(-1)?.conversation.memory, 'a')
  }
)

t.test('statuses that exclude each other wait for their message, whichever of them it will be', async t => {
  const { post, report, heard, db } = await talkingHost(t, async () => ({ kind: 'accepted', ref: '7/b' }))
  await report(either('7'))
  t.equal((await db.select().from(earlyStatuses)).length, 2)
  t.same(await heard(await post('1', 'hello'), 1), ['delivered'])
})

t.test('where two messages have one id, a status is about the later one, whatever it means for it', async t => {
  const { post, reach, report, heard, plugin } = await talkingHost(t, async ({ content }) => ({
    kind: 'accepted',
    ref: content?.text ?? ''
  }))
  const old = await post('1', '7/a')
  await reach(old, 'accepted')
  const young = await post('2', '7/b')
  await reach(young, 'accepted')
  await report(either('7'))
  t.same(await heard(young, 1), ['delivered'])
  t.same(plugin.statuses(old), [])
})

t.test('what a gateway gives back is sent once more, and the CRM hears of no error', async t => {
  const { post, reach, report, heard, row, script } = await talkingHost(t, byAttempt)
  const id = await post('1', 'hello')
  await reach(id, 'accepted')
  await report(status('ref1', 'sent'), status('ref1', 'returned', { reason: 'moved', remember: 'left' }))
  await until('the second send', async () => script.handed.length === 2)
  t.match(script.handed[1], { attempt: 2, sent: [], conversation: { memory: 'left' } })
  await reach(id, 'accepted')
  await report(status('ref1', 'returned'), status('ref1', 'error'), status('ref1', 'delivered'))
  await report(status('ref2', 'delivered'))
  t.same(await heard(id, 2), ['sent', 'delivered'], 'what is said of the old id is nothing any more')
  t.equal(script.handed.length, 2)
  t.match((await row(id))?.story, [
    { kind: 'attempt', ref: 'ref1' },
    { kind: 'status', status: 'sent' },
    { kind: 'returned', ref: 'ref1', reason: 'moved' },
    { kind: 'attempt', ref: 'ref2' },
    { kind: 'status', status: 'delivered' }
  ])
})

t.test('what is given back a second time, or has been delivered, is not sent again', async t => {
  const { post, reach, report, heard, script, plugin } = await talkingHost(t, async ({ id, attempt }) => ({
    kind: 'accepted',
    ref: `${id} ${attempt}`
  }))
  const fine = await post('1', 'hello')
  const ref = (await reach(fine, 'accepted')).ref ?? ''
  await report(status(ref, 'delivered'), status(ref, 'returned'))
  const lost = await post('1', 'hello')
  const first = (await reach(lost, 'accepted')).ref ?? ''
  // Gateways repeat themselves, also in one breath.
  await Promise.all(Array.from({ length: 5 }, () => report(status(first, 'returned'), status(first, 'returned'))))
  const second = await until('the second id', async () => {
    const given = (await reach(lost, 'accepted')).ref
    return given === first ? undefined : (given ?? undefined)
  })
  await report(status(second, 'returned', { reason: 'moved again' }))
  t.same(await heard(lost, 1), ['error'])
  t.same(plugin.statuses(fine), ['delivered'])
  t.equal(script.handed.length, 3)
})

t.test('of a message in parts only what is given back is sent again, each part once', async t => {
  let ended = 0
  const { post, reach, report, heard, script, row, db } = await talkingHost(t, async ({ sent }) => {
    const known = new Map(sent.map(({ part, ref }) => [part, ref]))
    ended += 1
    const all = [0, 1, 2].map(part => ({ part, ref: known.get(part) ?? `${ended}-${part}` }))
    return { kind: 'accepted', ref: all[0]?.ref ?? '', sent: all }
  })
  const id = await post('1', 'long')
  await reach(id, 'accepted')
  const refs = async (count: number) => {
    await until(`${count} sends`, async () => ended === count)
    await reach(id, 'accepted')
    const rows = await db.select().from(messageParts)
    return rows.filter(({ dropped }) => !dropped).map(({ ref }) => ref)
  }
  t.same((await refs(1)).toSorted(), ['1-0', '1-1', '1-2'])
  await report(status('1-0', 'delivered'), status('1-1', 'returned'))
  t.same((await refs(2)).toSorted(), ['1-0', '1-2', '2-1'])
  await report(status('1-2', 'returned'), status('1-1', 'returned'))
  t.same((await refs(3)).toSorted(), ['1-0', '2-1', '3-2'])
  t.same(
    script.handed.map(({ sent }) => sent),
    [[], [parts('1-0')[0], { part: 2, ref: '1-2' }], [parts('1-0')[0], { part: 1, ref: '2-1' }]]
  )
  await report(status('2-1', 'delivered'), status('3-2', 'delivered'))
  t.same(await heard(id, 1), ['delivered'])
  t.match(await row(id), { status: 'delivered', inParts: true })
})

t.test('a part that is given back while others are being sent waits for that', async t => {
  const held = Promise.withResolvers<void>()
  const { post, reach, report, heard, script } = await talkingHost(t, async ({ attempt, sent }) => {
    if (attempt === 2) await held.promise
    const known = new Map(sent.map(({ part, ref }) => [part, ref]))
    const all = [0, 1].map(part => ({ part, ref: known.get(part) ?? `${attempt}-${part}` }))
    return { kind: 'accepted', ref: all[0]?.ref ?? '', sent: all }
  })
  const id = await post('1', 'long')
  await reach(id, 'accepted')
  await report(status('1-0', 'returned'))
  await until('the second send', async () => script.handed.length === 2)
  await report(status('1-1', 'returned'))
  held.resolve()
  await until('the third send', async () => script.handed.length === 3)
  t.same(script.handed[2]?.sent, [{ part: 0, ref: '2-0' }])
  await reach(id, 'accepted')
  await report(status('2-0', 'delivered'), status('3-1', 'delivered'))
  t.same(await heard(id, 1), ['delivered'])
})

t.test('a part that is given back while its message is being claimed is looked at after that attempt', async t => {
  const { post, reach, report, row, db } = await talkingHost(t, async ({ attempt, sent }) => {
    const known = new Map(sent.map(({ part, ref }) => [part, ref]))
    const all = [0, 1].map(part => ({ part, ref: known.get(part) ?? `${attempt}-${part}` }))
    return { kind: 'accepted', ref: all[0]?.ref ?? '', sent: all }
  })
  const id = await post('1', 'long')
  await reach(id, 'accepted')
  await report(status('1-0', 'returned', { afterMs: 3_600_000 }))
  const waiting = await reach(id, 'waiting')

  // The claim falls between the reading of the message and what is written of it.
  const claim = () => db.update(messages).set({ state: 'sending', attempts: waiting.attempts + 1 })
  const event = status('1-1', 'returned')
  await db.transaction(async tx => {
    let reads = 0
    const interrupted = new Proxy(tx, {
      get: (target, name) =>
        name === 'execute'
          ? async (query: SQL) => {
              const result = await target.execute(query)
              const isRead = result.rows.some(row => 'stale' in row)
              if (isRead) reads += 1
              if (isRead && reads === 2) await claim()
              return result
            }
          : Reflect.get(target, name, target)
    })
    await storeEvents(interrupted, [{ registrationId: waiting.registrationId, event }], new Date())
    t.equal(reads, 2, 'it is read once without and once with its lock')
  })
  t.match(await row(id), { state: 'sending', attempts: waiting.attempts + 1, returned: [{ part: 0 }] })
  t.match(await db.select().from(earlyStatuses), [{ ref: '1-1', status: 'returned' }])
})

t.test('what is given back before its send has returned is sent once more after it', async t => {
  const { post, report, heard, script, reach } = await talkingHost(t, byAttempt)
  await report(status('ref1', 'returned'))
  const id = await post('1', 'hello')
  await until('the second send', async () => script.handed.length === 2)
  await reach(id, 'accepted')
  await report(status('ref2', 'read'))
  t.same(await heard(id, 1), ['read'])
})

t.test(
  'a message that goes again keeps its place before what waits, and lets the conversation go on if it is refused',
  async t => {
    const held = Promise.withResolvers<void>()
    const { post, reach, report, heard, script, incoming } = await talkingHost(t, async ({ content, attempt }) => {
      if (content?.text === 'second') await held.promise
      if (content?.text === 'first' && attempt === 2) return { kind: 'rejected', reason: 'nowhere else to go' }
      return { kind: 'accepted', ref: `${content?.text}` }
    })
    const first = await post('1', 'first')
    await reach(first, 'accepted')
    const second = await post('1', 'second')
    await reach(second, 'sending')
    const third = await post('1', 'third')
    await report(wrote('m', '1'), status('first', 'returned'))
    held.resolve()
    await reach(third, 'accepted')
    t.same(script.texts(), ['first', 'second', 'first', 'third'])
    t.same(await heard(first, 1), ['error'])
    t.equal(incoming().length, 1)
  }
)
