import { asc, eq, inArray } from 'drizzle-orm'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { openDatabase } from '../../src/database/connect.ts'
import { claim } from '../../src/database/ownership.ts'
import { conversations, messages, registrations } from '../../src/database/schema.ts'
import { accepter } from '../../src/messages/accept.ts'
import { storeEvents } from '../../src/messages/events.ts'
import { replayMessages } from '../../src/messages/replay.ts'
import { type Ended, settleMessages, type Taken, takeMessages } from '../../src/messages/sending.ts'
import { testDatabase } from '../harness.ts'

/**
 * Conversations in Postgres against a model in memory, through whatever two
 * hosts may do to them: the oldest open message is the head, it alone is taken,
 * when it is due, and one at a time.
 */

const HOSTS = ['a', 'b'] as const
type Host = (typeof HOSTS)[number]
const contact = fc.constantFrom('x', 'y', 'z')
const account = fc.constantFrom(0, 1)

type Fate = 'accepted' | 'failed' | 'again' | 'paused' | 'kept'
const fate = fc.constantFrom<Fate>('accepted', 'failed', 'again', 'again', 'paused', 'kept', 'kept')

const action = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('post' as const), account, contact }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('post again' as const), account, contact }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('turn' as const),
      host: fc.constantFrom(...HOSTS),
      fates: fc.array(fate, { minLength: 6, maxLength: 6 }),
      free: fc.integer({ min: 0, max: 4 })
    })
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 3_000 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('die' as const), host: fc.constantFrom(...HOSTS) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('come late' as const), host: fc.constantFrom(...HOSTS) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('replay' as const), account, contact }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('report' as const), account, contact }) }
)
type Action = typeof action extends fc.Arbitrary<infer Action> ? Action : never

interface Message {
  id: number
  state: 'waiting' | 'sending' | 'accepted' | 'failed'
  due: number
  attempts: number
}

/** What the database should say, and what each host thinks that it has in hand. */
async function openModel(t: Test) {
  const database = openDatabase(await testDatabase(t), 2)
  t.teardown(() => database.close())
  const { db } = database
  let now = Date.parse('2026-03-01T12:00:00Z')
  const clock = () => new Date(now)
  const accept = accepter(database, clock, () => {})

  return async (actions: readonly Action[]): Promise<void> => {
    const ids = await register()
    const talks = new Map<string, Message[]>()
    const owner = new Map<number, Host>()
    const paused = new Map<number, number>()
    const inHand = { a: new Map<number, Taken>(), b: new Map<number, Taken>() }
    /** What a host had in hand when it was taken for dead. */
    const ghosts: Taken[] = []
    let posted = 0

    for (const one of actions) await perform(one)

    async function perform(one: Action): Promise<void> {
      if (one.kind === 'post' || one.kind === 'post again') await post(one)
      if (one.kind === 'turn') await turn(one)
      if (one.kind === 'wait') now += one.ms
      if (one.kind === 'die') await die(one.host)
      if (one.kind === 'come late') await comeLate()
      if (one.kind === 'replay') await replay(one)
      if (one.kind === 'report') await report(one)
      await compare()
    }

    async function post({ kind, account, contact }: Extract<Action, { kind: 'post' | 'post again' }>): Promise<void> {
      const registrationId = ids[account] as number
      posted += kind === 'post' ? 1 : 0
      const crmId = `${registrationId} ${contact} ${kind === 'post' ? posted : 'again'}`
      const content = { text: 'hello', format: 'text' as const }
      await accept(registrationId, { crmId, chatId: null, contact, subject: null, content, attachments: [] })
      const talk = talks.get(`${account} ${contact}`) ?? []
      const [row] = await db.select().from(messages).where(eq(messages.crmId, crmId)).orderBy(asc(messages.id))
      if (!row) throw new Error('a message that was posted is not stored')
      if (!talk.some(({ id }) => id === row.id)) talk.push({ id: row.id, state: 'waiting', due: now, attempts: 0 })
      talks.set(`${account} ${contact}`, talk)
    }

    /** As a host works: settles what has ended and takes the next, in one transaction. */
    async function turn({ host, fates, free }: Extract<Action, { kind: 'turn' }>): Promise<void> {
      for (const { registrationId } of await claim(database, 'send', host, ids)) owner.set(registrationId, host)
      const mine = inHand[host]
      const ended = [...mine.values()].flatMap((taken, index) => endOf(taken, fates[index] ?? 'kept'))
      for (const { taken } of ended) mine.delete(taken.conversationId)
      const wants = ids.map(registrationId => ({ registrationId, free }))
      const taken = await db.transaction(async tx => {
        await settleMessages(tx, ended, clock())
        return takeMessages(tx, host, wants, [...mine.keys()], clock())
      })
      for (const one of ended) settled(one)
      check(host, free, taken)
      for (const one of taken) mine.set(one.conversationId, one)
    }

    /** The model's own idea of what may be taken. */
    function check(host: Host, free: number, taken: readonly Taken[]): void {
      for (const [account, registrationId] of ids.entries()) {
        const due = [...talks]
          .filter(([key]) => key.startsWith(`${account} `))
          .flatMap(([, talk]) => talk.find(isOpen) ?? [])
          .filter(({ id, due }) => due <= now && ![...inHand[host].values()].some(({ message }) => message.id === id))
        const mayTake = owner.get(registrationId) === host && (paused.get(registrationId) ?? 0) <= now
        const got = taken.filter(one => one.registrationId === registrationId)
        const wanted = mayTake ? Math.min(free, due.length) : 0
        if (got.length !== wanted) throw new Error(`${host} took ${got.length} instead of ${wanted}`)
        for (const { message, interrupted } of got) {
          const head = due.find(({ id }) => id === message.id)
          if (!head) throw new Error(`message ${message.id} is no head that is due`)
          if (interrupted !== (head.state === 'sending'))
            throw new Error(`message ${message.id} was interrupted, or not`)
          if (!interrupted) head.attempts += 1
          head.state = 'sending'
        }
      }
    }

    /** Whoever else has taken the message over has the last word. */
    function settled({ taken: { message, registrationId }, next }: Ended): void {
      const one = [...talks.values()].flat().find(({ id }) => id === message.id)
      if (one?.state !== 'sending' || one.attempts !== message.attempts) return
      one.state = next.kind === 'accepted' || next.kind === 'failed' ? next.kind : 'waiting'
      if (next.kind === 'again') one.due = next.at.getTime()
      if (next.kind !== 'paused') return
      one.due = next.until.getTime()
      one.attempts -= 1
      paused.set(registrationId, one.due)
    }

    /** The others take a host for dead that may only have been slow. */
    async function die(host: Host): Promise<void> {
      ghosts.push(...inHand[host].values())
      inHand[host].clear()
      await db.update(registrations).set({ sendingHost: null }).where(eq(registrations.sendingHost, host))
      for (const [id, owned] of [...owner]) if (owned === host) owner.delete(id)
    }

    async function comeLate(): Promise<void> {
      const ended = ghosts.splice(0).flatMap(taken => endOf(taken, 'accepted'))
      await db.transaction(tx => settleMessages(tx, ended, clock()))
      for (const one of ended) settled(one)
    }

    async function replay({ account, contact }: Extract<Action, { kind: 'replay' }>): Promise<void> {
      const failed = (talks.get(`${account} ${contact}`) ?? []).filter(({ state }) => state === 'failed')
      await replayMessages(
        database,
        failed.map(({ id }) => id),
        clock()
      )
      for (const one of failed) Object.assign(one, { state: 'waiting', due: now, attempts: 0 })
    }

    async function report({ account, contact }: Extract<Action, { kind: 'report' }>): Promise<void> {
      const known = (talks.get(`${account} ${contact}`) ?? []).filter(({ state }) => state === 'accepted')
      const registrationId = ids[account] as number
      const events = known.map(({ id }) => ({
        registrationId,
        event: { kind: 'status' as const, ref: `ref-${id}`, status: 'delivered' as const }
      }))
      await db.transaction(tx => storeEvents(tx, events, clock()))
    }

    async function compare(): Promise<void> {
      const rows = await db
        .select()
        .from(messages)
        .where(inArray(messages.registrationId, ids))
        .orderBy(asc(messages.id))
      const found = rows.map(({ id, state, attempts }) => `${id} ${state} ${attempts}`)
      const all = [...talks.values()].flat().sort((one, other) => one.id - other.id)
      const wanted = all.map(({ id, state, attempts }) => `${id} ${state} ${attempts}`)
      if (found.join() !== wanted.join()) throw new Error(`messages are ${found.join()} instead of ${wanted.join()}`)
      for (const row of await db.select().from(conversations).where(inArray(conversations.registrationId, ids))) {
        const head = talks.get(`${ids.indexOf(row.registrationId)} ${row.contact}`)?.find(isOpen)
        if ((row.sendingDue?.getTime() ?? null) !== (head?.due ?? null))
          throw new Error(`a conversation is due ${row.sendingDue?.toISOString()} instead of ${head?.due}`)
      }
    }
  }

  async function register(): Promise<number[]> {
    const token = `${Math.random()}`
    const rows = await db
      .insert(registrations)
      .values(
        [0, 1].map(index => ({
          channel: 'test',
          companyId: token,
          alias: 'chat',
          pluginId: String(index),
          clusterUri: 'http://127.0.0.1/',
          country: 'RU',
          currency: 'RUB',
          hpt: '',
          webhookToken: '',
          webhookHash: `${token} ${index}`
        }))
      )
      .returning({ id: registrations.id })
    return rows.map(({ id }) => id)
  }

  function endOf(taken: Taken, fate: Fate): Ended[] {
    const ref = `ref-${taken.message.id}`
    const told = { kind: 'attempt', at: clock().toISOString(), number: 1, outcome: 'retry', durationMs: 1 } as const
    const later = new Date(now + 500)
    switch (fate) {
      case 'kept':
        return []
      case 'accepted':
        return [{ taken, told, next: { kind: 'accepted', outcome: { kind: 'accepted', ref } } }]
      case 'failed':
        return [{ taken, told, next: { kind: 'failed', reason: 'no' } }]
      case 'again':
        return [{ taken, told, next: { kind: 'again', at: later, reason: 'busy' } }]
      case 'paused':
        return [{ taken, told, next: { kind: 'paused', until: later, reason: 'too fast' } }]
    }
  }
}

const isOpen = ({ state }: Message) => state === 'waiting' || state === 'sending'

t.test(
  'whatever two hosts do, the head of a conversation alone is taken, when it is due, and none is lost',
  async t => {
    const run = await openModel(t)
    const seed = Number(process.env.PROPERTY_SEED ?? Date.now() % 1_000_000)
    t.comment(`seed ${seed}`)
    await fc.assert(fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 60, size: 'max' }), run), {
      seed,
      numRuns: Number(process.env.PROPERTY_RUNS ?? 40),
      interruptAfterTimeLimit: 60_000,
      markInterruptAsFailure: false
    })
    t.pass()
  }
)
