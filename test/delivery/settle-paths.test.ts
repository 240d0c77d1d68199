import { STATUSES, type Status } from 'channel-kit/chat'
import type { Outcome } from 'channel-kit/outcome'
import { inArray } from 'drizzle-orm'
import fc from 'fast-check'
import t from 'tap'
import type { AttemptResult, ClaimedMessage } from '../../src/delivery/attempt.ts'
import { decide } from '../../src/delivery/retry-policy.ts'
import { sendTurn, settleMessages } from '../../src/delivery/settle.ts'
import { isSimple } from '../../src/delivery/settle-fast.ts'
import { openDatabase } from '../../src/postgres/connect.ts'
import { conversations } from '../../src/postgres/schema/conversations.ts'
import { events } from '../../src/postgres/schema/events.ts'
import { messages } from '../../src/postgres/schema/messages.ts'
import { outbox } from '../../src/postgres/schema/outbox.ts'
import { registrations } from '../../src/postgres/schema/registrations.ts'
import { testDatabase } from '../harness.ts'

/** Settling has two paths: simple results in the routine, all others by statements. Both mean the same. */

const NOW = new Date('2026-03-01T12:00:00Z')
const POLICY = { attempts: 3, intervalMs: 1_000 }

const database = openDatabase(await testDatabase(t), 4)
t.teardown(() => database.close())
const { db } = database

/** Two hosts, each with a registration of its own. */
const [fast, slow] = [await registrationOf('fast'), await registrationOf('slow')]

async function registrationOf(host: string) {
  const [row] = await db
    .insert(registrations)
    .values({
      channel: 'scripted',
      companyId: host,
      alias: 'chat',
      pluginId: '1',
      clusterUri: 'http://crm.example/',
      country: 'BR',
      currency: 'BRL',
      hpt: '',
      webhookToken: host,
      webhookHash: host,
      sendingHost: host
    })
    .returning({ id: registrations.id })
  return { host, id: row?.id ?? 0 }
}

const status = fc.constantFrom<Status>(...STATUSES)
const text = fc.string({ maxLength: 8, unit: 'binary' })
const outcome = fc.oneof(
  fc.record({ kind: fc.constant('accepted' as const), statuses: fc.array(status, { maxLength: 4 }) }),
  fc.record({ kind: fc.constant('retry' as const), reason: text, afterMs: fc.nat(100_000) }),
  fc.record({ kind: fc.constant('rejected' as const), reason: text })
)
/** A message as it is before the attempt, and the attempt's outcome. `waiting`: another message of the conversation. */
const given = fc.record({
  crmId: fc.option(text.map(id => id.replaceAll('\0', ''))),
  earlier: fc.constantFrom<Status | null>(null, 'sent'),
  number: fc.integer({ min: 1, max: 4 }),
  replays: fc.nat(2),
  waiting: fc.boolean(),
  outcome
})
type Given = typeof given extends fc.Arbitrary<infer Value> ? Value : never

let ref = 0

function outcomeOf({ outcome }: Given): Outcome {
  if (outcome.kind !== 'accepted') return outcome
  const own = `ref ${ref}`
  const events = outcome.statuses.map(status => ({ kind: 'status' as const, ref: own, status }))
  return { kind: 'accepted', ref: own, ...(events.length > 0 ? { later: [{ afterMs: 0, events }] } : {}) }
}

/** The messages of a registration, claimed by its host. */
async function claimedBy({ host, id }: typeof fast, all: readonly Given[]): Promise<ClaimedMessage[]> {
  for (const [index, { crmId, earlier, number, replays, waiting }] of all.entries()) {
    const contact = `contact ${index}`
    const [conversation] = await db
      .insert(conversations)
      .values({ registrationId: id, contact, sendingDue: NOW })
      .returning({ id: conversations.id })
    const body = { contact, subject: null, content: { text: 'hello', format: 'text' as const }, attachments: [] }
    const row = { registrationId: id, conversationId: conversation?.id ?? 0, body, dueAt: NOW }
    await db.insert(messages).values([
      {
        ...row,
        crmId: crmId === null ? null : `${index} ${crmId}`,
        status: earlier,
        replays,
        attempts: number - 1
      },
      ...(waiting ? [{ ...row, crmId: `waiting ${index}`, dueAt: new Date(NOW.getTime() + 1_000) }] : [])
    ])
  }
  const turn = {
    database,
    host,
    wants: [{ registrationId: id, free: all.length, bulk: 0, least: 0 }],
    inHand: [],
    now: NOW
  }
  return sendTurn([], turn)
}

async function resultsOf(claimed: readonly ClaimedMessage[], all: readonly Given[]): Promise<AttemptResult[]> {
  return claimed.map((one, index) => {
    const of = all[index]
    if (!of) throw new Error('more was claimed than given')
    ref += 1
    const outcome = outcomeOf(of)
    return {
      claimed: one,
      decision: decide(outcome, one.message.attempts, true, POLICY, NOW),
      storyEntry: {
        kind: 'attempt',
        at: NOW.toISOString(),
        number: one.message.attempts,
        outcome: outcome.kind,
        durationMs: 1
      }
    }
  })
}

/** All that is stored of a registration, but for ids, for refs, which count on, and for times by the database's clock. */
async function stored(registrationId: number) {
  const of = <Row extends { registrationId: number | null }>(row: Row) => row.registrationId === registrationId
  const rows = (await db.select().from(messages).orderBy(messages.id)).filter(of)
  const items = (await db.select().from(outbox).orderBy(outbox.conversationId, outbox.id)).filter(of)
  const told = (await db.select().from(events).orderBy(events.conversationId, events.id)).filter(of)
  const nameOf = new Map(rows.map(({ id }, index) => [id, index]))
  const talks = (await db.select().from(conversations).orderBy(conversations.id)).filter(of)
  return {
    messages: rows.map(({ id: _, registrationId: __, conversationId: ___, ref, createdAt: ____, ...row }) => ({
      ...row,
      ref: ref === null ? null : 'ref'
    })),
    items: items.map(({ kind, body, dedupe, state }) => ({ kind, body, dedupe, state })),
    events: told.map(({ type, body, position }) => ({
      type,
      position,
      body: { ...body, message: nameOf.get(Number(body.message)) }
    })),
    conversations: talks.map(({ contact, sendingDue, tellingDue }) => ({
      contact,
      sendingDue,
      tells: tellingDue !== null
    }))
  }
}

async function clear() {
  const ids = [fast.id, slow.id]
  await db.delete(events).where(inArray(events.registrationId, ids))
  await db.delete(outbox).where(inArray(outbox.registrationId, ids))
  await db.delete(messages).where(inArray(messages.registrationId, ids))
  await db.delete(conversations).where(inArray(conversations.registrationId, ids))
}

t.test('results settled by the routine and by statements leave the same behind', async t => {
  await fc.assert(
    fc.asyncProperty(fc.array(given, { minLength: 1, maxLength: 6 }), async all => {
      await clear()
      const bySide = await Promise.all([fast, slow].map(side => claimedBy(side, all)))
      const [ofFast = [], ofSlow = []] = await Promise.all(bySide.map(claimed => resultsOf(claimed, all)))
      t.equal(ofFast.filter(result => isSimple(result, () => undefined)).length, all.length)
      await sendTurn(ofFast, { database, host: fast.host, wants: [], inHand: [], now: NOW })
      await db.transaction(tx => settleMessages(tx, ofSlow, NOW))
      return t.strictSame(await stored(fast.id), await stored(slow.id))
    }),
    { numRuns: 40 }
  )
})
