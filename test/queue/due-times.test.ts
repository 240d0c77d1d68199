import { asc, eq, inArray } from 'drizzle-orm'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import type { AttemptResult, ClaimedMessage } from '../../src/delivery/attempt.ts'
import { sendTurn } from '../../src/delivery/settle.ts'
import { storeEvents } from '../../src/inbound/store-events.ts'
import { createAccept } from '../../src/messages/accept.ts'
import { createAcceptItems } from '../../src/messages/accept-items.ts'
import { replayMessages } from '../../src/messages/replay.ts'
import { type Database, openDatabase } from '../../src/postgres/connect.ts'
import { conversations } from '../../src/postgres/schema/conversations.ts'
import { messages } from '../../src/postgres/schema/messages.ts'
import { registrations } from '../../src/postgres/schema/registrations.ts'
import { claim } from '../../src/queue/claims.ts'
import { testDatabase } from '../harness.ts'
import { newItem } from '../new-item.ts'
import { createModel, type Host, headOf } from './due-times-model.ts'

/**
 * Conversations in Postgres against a model in memory, through whatever two
 * hosts may do to them: the oldest open message of the normal lane is the head, or
 * of the bulk lane where there is none; it alone is taken, when it is due, and one
 * at a time.
 */

type Fate = 'accepted' | 'failed' | 'again' | 'paused' | 'kept'

const host = fc.constantFrom<Host>('a', 'b')
const where = { account: fc.constantFrom(0, 1), contact: fc.constantFrom('x', 'y', 'z') }
const fate = fc.constantFrom<Fate>('accepted', 'failed', 'again', 'again', 'paused', 'kept', 'kept')
const fates = fc.array(fate, { minLength: 6, maxLength: 6 })
const kind = <Kind extends string>(name: Kind) => ({ kind: fc.constant(name) })

const action = fc.oneof(
  { weight: 5, arbitrary: fc.record({ ...kind('post'), ...where, again: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ ...kind('campaign'), account: where.account, bulk: fc.boolean() }) },
  { weight: 8, arbitrary: fc.record({ ...kind('turn'), host, fates, free: fc.integer({ min: 0, max: 4 }) }) },
  { weight: 2, arbitrary: fc.record({ ...kind('wait'), ms: fc.integer({ min: 1, max: 3_000 }) }) },
  { weight: 1, arbitrary: fc.record({ ...kind('die'), host }) },
  { weight: 1, arbitrary: fc.record({ ...kind('come late'), host }) },
  { weight: 1, arbitrary: fc.record({ ...kind('replay'), ...where }) },
  { weight: 1, arbitrary: fc.record({ ...kind('report'), ...where }) }
)
type Action = typeof action extends fc.Arbitrary<infer Action> ? Action : never
type Of<Kind extends Action['kind']> = Extract<Action, { kind: Kind }>

/** Two registrations of their own for each run, and what a run does to them. */
async function play(database: Database, actions: readonly Action[]): Promise<void> {
  const { db } = database
  const ids = await register(db)
  const model = createModel()
  const inHand: Record<Host, Map<number, ClaimedMessage>> = { a: new Map(), b: new Map() }
  /** Messages that a host had in hand when the others declared it dead. */
  const ghosts: Record<Host, ClaimedMessage[]> = { a: [], b: [] }
  let now = Date.parse('2026-03-01T12:00:00Z')
  let posted = 0
  const clock = () => new Date(now)
  const accept = createAccept(database, clock, () => {})
  const acceptItems = createAcceptItems(database, clock, () => {})

  const acts: { [Kind in Action['kind']]: (one: Of<Kind>) => Promise<void> } = {
    async post({ account, contact, again }) {
      if (!again) posted += 1
      const registrationId = ids[account] as number
      const crmId = `${registrationId} ${contact} ${posted}`
      await accept(registrationId, { crmId, chatId: null, ...bodyTo(contact) })
      const talk = model.of(registrationId, contact)
      const rows = await db.select().from(messages).where(eq(messages.crmId, crmId))
      for (const { id } of rows)
        if (!talk.messages.some(one => one.id === id))
          talk.messages.push({ id, bulk: false, state: 'waiting', due: now, attempts: 0, replays: 0 })
    },

    /** Items of an API client: one for each contact, and one of them twice. */
    async campaign({ account, bulk }) {
      posted += 1
      const registrationId = ids[account] as number
      const items = ['x', 'y', 'z', 'x'].map(contact =>
        newItem({ id: `${contact} ${posted}`, bulk, body: bodyTo(contact), purpose: 'marketing' })
      )
      const stored = await acceptItems(registrationId, 'campaigns', items)
      if (stored.map(({ result }) => result).join() !== 'accepted,accepted,accepted,duplicate')
        throw new Error(`items were accepted: ${JSON.stringify(stored)}`)
      for (const [index, { message: id, result }] of stored.entries())
        if (id !== null && result === 'accepted')
          model
            .of(registrationId, items[index]?.body.contact as string)
            .messages.push({ id, bulk, state: 'waiting', due: now, attempts: 0, replays: 0 })
    },

    /** As a host works: settles what has ended and takes the next. */
    async turn({ host, fates, free }) {
      for (const { registrationId } of await claim({ db }, 'send', host, ids)) model.claimed(registrationId, host)
      const mine = inHand[host]
      const ended = [...mine.values()].flatMap((taken, index) => endOf(taken, fates[index] ?? 'kept', now))
      for (const { claimed: taken } of ended) mine.delete(taken.conversationId)
      const wants = ids.map(registrationId => ({ registrationId, free, bulk: free, least: 0 }))
      const taken = await sendTurn(ended, { database, host, wants, inHand: [...mine.keys()], now: clock() })
      for (const one of ended) model.settled(one)
      model.taken(host, ids, free, [...mine.values()], taken, now)
      for (const one of taken) mine.set(one.conversationId, one)
    },

    async wait({ ms }) {
      now += ms
    },

    async die({ host }) {
      ghosts[host].push(...inHand[host].values())
      inHand[host].clear()
      await db.update(registrations).set({ sendingHost: null }).where(eq(registrations.sendingHost, host))
      model.freed(host)
    },

    async 'come late'({ host }) {
      const ended = ghosts[host].splice(0).flatMap(taken => endOf(taken, 'accepted', now))
      await sendTurn(ended, { database, host, wants: [], inHand: [], now: clock() })
      for (const one of ended) model.settled(one)
    },

    async replay({ account, contact }) {
      const failed = model.of(ids[account] as number, contact).messages.filter(({ state }) => state === 'failed')
      const asked = failed.map(({ id }) => id)
      await replayMessages({ db }, asked, clock())
      for (const one of failed)
        Object.assign(one, { state: 'waiting', due: now, attempts: 0, replays: one.replays + 1 })
    },

    async report({ account, contact }) {
      const registrationId = ids[account] as number
      const sent = model.of(registrationId, contact).messages.filter(({ state }) => state === 'accepted')
      const event = { kind: 'status', status: 'delivered' } as const
      const events = sent.map(({ id }) => ({ registrationId, event: { ...event, ref: `ref-${id}` } }))
      await db.transaction(tx => storeEvents(tx, events, clock()))
    }
  }

  async function compare(): Promise<void> {
    const rows = await db.select().from(messages).where(inArray(messages.registrationId, ids)).orderBy(asc(messages.id))
    const [found, wanted] = [rows, model.all()].map(all =>
      all.map(({ id, state, attempts }) => `${id} ${state} ${attempts}`).join()
    )
    if (found !== wanted) throw new Error(`messages are ${found} instead of ${wanted}`)
    for (const row of await db.select().from(conversations).where(inArray(conversations.registrationId, ids))) {
      const head = headOf(model.of(row.registrationId, row.contact))
      if ((row.sendingDue?.getTime() ?? null) !== (head?.due ?? null))
        throw new Error(`a conversation is due ${row.sendingDue?.getTime()} instead of ${head?.due}`)
    }
  }

  for (const one of actions) {
    await (acts[one.kind] as (one: Action) => Promise<void>)(one)
    await compare()
  }
}

const bodyTo = (contact: string) => ({
  contact,
  subject: null,
  content: { text: 'hello', format: 'text' as const },
  attachments: []
})

async function register(db: Database['db']): Promise<number[]> {
  const companyId = `${Math.random()}`
  const place = { channel: 'test', companyId, alias: 'chat', clusterUri: 'http://127.0.0.1/' }
  const rest = { country: 'RU', currency: 'RUB', hpt: '', webhookToken: '' }
  const rows = await db
    .insert(registrations)
    .values(['0', '1'].map(pluginId => ({ ...place, ...rest, pluginId, webhookHash: `${companyId} ${pluginId}` })))
    .returning({ id: registrations.id })
  return rows.map(({ id }) => id)
}

/** How a host says that an attempt has ended; of one that is kept it says nothing yet. */
function endOf(taken: ClaimedMessage, fate: Fate, now: number): AttemptResult[] {
  const ref = `ref-${taken.message.id}`
  const at = new Date(now).toISOString()
  const told = { kind: 'attempt', at, number: 1, outcome: 'retry', durationMs: 1 } as const
  const later = new Date(now + 500)
  const nexts: Record<Exclude<Fate, 'kept'>, AttemptResult['decision']> = {
    accepted: { kind: 'accepted', outcome: { kind: 'accepted', ref } },
    failed: { kind: 'failed', reason: 'no' },
    again: { kind: 'again', at: later, reason: 'busy' },
    paused: { kind: 'paused', until: later, reason: 'too fast' }
  }
  return fate === 'kept' ? [] : [{ claimed: taken, storyEntry: told, decision: nexts[fate] }]
}

async function database(t: Test): Promise<Database> {
  const opened = openDatabase(await testDatabase(t), 2)
  t.teardown(() => opened.close())
  return opened
}

t.test('due times: a message that another host has settled keeps no conversation back', async t => {
  const opened = await database(t)
  const post = { kind: 'post', account: 0, contact: 'x', again: false } as const
  const turn = (host: Host): Action => ({ kind: 'turn', host, fates: Array(6).fill('accepted'), free: 1 })
  await play(opened, [
    post,
    turn('b'),
    { kind: 'die', host: 'b' },
    turn('a'),
    { kind: 'come late', host: 'b' },
    post,
    // Settles the first message in vain, and takes the second.
    turn('a')
  ])
  t.pass()
})

t.test(
  'due times: whatever two hosts do, only the due head of a conversation is taken, and no message is lost',
  async t => {
    const opened = await database(t)
    const seed = Number(process.env.PROPERTY_SEED ?? Date.now() % 1_000_000)
    t.comment(`seed ${seed}`)
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 50, size: 'max' }), actions =>
        play(opened, actions)
      ),
      { seed, numRuns: Number(process.env.PROPERTY_RUNS ?? 25) }
    )
    t.pass()
  }
)
