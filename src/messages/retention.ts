import { and, asc, gt, inArray, isNull, lt, ne, or, type SQL, sql } from 'drizzle-orm'
import { countOldEvents, removeEvents } from '../events/retention.ts'
import { countOldCalls, removeCalls } from '../inbound/received-webhooks.ts'
import type { Database } from '../postgres/connect.ts'
import { bigints } from '../postgres/ids.ts'
import { conversations } from '../postgres/schema/conversations.ts'
import { messages } from '../postgres/schema/messages.ts'
import { outbox } from '../postgres/schema/outbox.ts'
import { type Retention, retentionCrons } from '../queue/retention-schedule.ts'

/**
 * Retention of settled rows. With a row goes the memory that it was there: the
 * CRM's message of that id, or the gateway's, would count as new.
 */

/** Rows by table. */
export interface Finished {
  messages: number
  outbox: number
  /** Conversations without messages and items, and without an incoming message since. */
  conversations: number
  /** Calls of gateways: read once more, they would bring back what is known no longer. */
  webhooks: number
  /** Events, which tell what was in the messages. */
  events: number
}

/** Rows of a batch: few enough that a lock is held for moments only, while the hosts go on. */
const BATCH = 5_000
/** Conversations of a batch: a message to a contact waits while its conversation is being removed. */
const CONVERSATIONS = 500

const finishedMessages = (before: Date) =>
  and(
    lt(messages.settledAt, before),
    inArray(messages.state, ['accepted', 'failed']),
    // Messages with scheduled events still to come are kept.
    isNull(messages.later)
  )

const finishedItems = (before: Date) =>
  // Items whose files are still being fetched are kept.
  and(lt(outbox.settledAt, before), ne(outbox.state, 'waiting'), isNull(outbox.media))

/** Conversations without further rows; `message` and `item`: the rows that count. */
const idle = (before: Date, message?: SQL, item?: SQL) =>
  and(
    isNull(conversations.sendingDue),
    isNull(conversations.tellingDue),
    // A renamed contact’s conversation is kept: nothing else knows the present name.
    isNull(conversations.address),
    isNull(conversations.suppressed),
    or(isNull(conversations.heldUntil), lt(conversations.heldUntil, before)),
    or(isNull(conversations.lastIncomingAt), lt(conversations.lastIncomingAt, before)),
    sql`not exists (select from ${messages} where ${and(sql`${messages.conversationId} = ${conversations.id}`, message)})`,
    sql`not exists (select from ${outbox} where ${and(sql`${outbox.conversationId} = ${conversations.id}`, item)})`
  )

export async function countFinished({ db }: Pick<Database, 'db'>, before: Date): Promise<Finished> {
  const [message, item] = [finishedMessages(before), finishedItems(before)]
  return {
    messages: await db.$count(messages, message),
    outbox: await db.$count(outbox, item),
    conversations: await db.$count(
      conversations,
      idle(before, sql`(${message}) is not true`, sql`(${item}) is not true`)
    ),
    webhooks: await countOldCalls({ db }, before),
    events: await countOldEvents({ db }, before)
  }
}

interface Run {
  interrupted: AbortSignal
  /** Called after each batch with the counts so far. */
  removed?: (counts: Finished) => void
}

export async function removeFinished(
  { db }: Pick<Database, 'db'>,
  before: Date,
  { interrupted, removed = () => {} }: Run
): Promise<Finished> {
  const counts = { messages: 0, outbox: 0, conversations: 0, webhooks: 0, events: 0 }
  const removedCalls = (webhooks: number) => removed(Object.assign(counts, { webhooks }))
  await removeCalls({ db }, before, { interrupted, removed: removedCalls })
  counts.events = await removeEvents({ db }, before, interrupted)
  const remove = async (name: keyof Finished, batch: () => Promise<{ gone: number; more: boolean }>) => {
    let more: boolean
    do {
      interrupted.throwIfAborted()
      const removedNow = await batch()
      counts[name] += removedNow.gone
      more = removedNow.more
      removed(counts)
    } while (more)
  }
  await remove('messages', () => removeRows(db, messages, finishedMessages(before)))
  await remove('outbox', () => removeRows(db, outbox, finishedItems(before)))
  await remove('conversations', idleRemover(db, before))
  return counts
}

/** Removes a batch of rows; rows that are locked at the moment are left for the next time. */
async function removeRows(db: Database['db'], table: typeof messages | typeof outbox, where: SQL | undefined) {
  const { rowCount } = await db.execute(sql`
    with finished as (
      select id from ${table} where ${where} order by settled_at limit ${BATCH} for update skip locked)
    delete from ${table} using finished where ${table.id} = finished.id`)
  const gone = rowCount ?? 0
  return { gone, more: gone > 0 }
}

/** Removes conversations by their ids in order, since a conversation that gets a message at the last moment stays. */
function idleRemover(db: Database['db'], before: Date) {
  let last = 0
  return () =>
    db.transaction(async tx => {
      const found = await tx
        .select({ id: conversations.id })
        .from(conversations)
        .where(and(gt(conversations.id, last), idle(before)))
        .orderBy(asc(conversations.id))
        .limit(CONVERSATIONS)
        .for('update', { skipLocked: true })
      const ids = found.map(({ id }) => id)
      last = ids.at(-1) ?? last
      // Checked once more under the lock, when no transaction can add to them.
      const { rowCount } = await tx
        .delete(conversations)
        .where(and(sql`${conversations.id} = any(${bigints(ids)})`, idle(before)))
      return { gone: rowCount ?? 0, more: ids.length > 0 }
    })
}

export const messageCrons = ({ database, ...how }: Retention & { database: Pick<Database, 'db'> }) =>
  retentionCrons(how, {
    name: 'retention',
    pattern: '17 * * * *',
    what: 'what was over for long enough',
    remove: async (before, interrupted) => ({ ...(await removeFinished(database, before, { interrupted })) })
  })
