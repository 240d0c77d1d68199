import { and, desc, eq, isNotNull, lt, sql } from 'drizzle-orm'
import type { Database, Executor } from '../postgres/connect.ts'
import { type OperationState, operations } from '../postgres/schema/api.ts'
import { addJob } from '../queue/jobs.ts'
import { type Retention, retentionCrons } from '../queue/retention-schedule.ts'
import { type AskedMessages, filterOf } from './queries.ts'

/** Replays of many messages that go on in the background: they are started, found, cancelled and removed here. */

export type Operation = typeof operations.$inferSelect

interface ReplayRequest {
  ids?: readonly number[] | undefined
  filter?: AskedMessages | undefined
}

/** The messages of an operation that can be replayed now. */
export function replayableOf({ request, registrationId }: Pick<Operation, 'request' | 'registrationId'>) {
  const { ids, filter = {} } = request as ReplayRequest
  return { ...filterOf(filter), ids, registrationId: registrationId ?? undefined, replayable: true }
}

export interface NewReplay {
  actor: string
  registrationId: number | null
  request: ReplayRequest
  perSecond: number | null
  /** Messages that can be replayed, and the newest one of all. */
  total: number
  endId: number
}

/** Running operations of one registration, and of all: a host runs 20 jobs at a time, of which lots may have 8. */
export const MOST_RUNNING = { ofOne: 3, ofAll: 6 }

/** Starts a replay, or answers whose operations are too many. The caller's transaction writes the audit as well. */
export async function startReplay(tx: Executor, wanted: NewReplay, now: Date): Promise<Operation | 'ofOne' | 'ofAll'> {
  // Two that start at the same time count each other.
  await tx.execute(sql`select pg_advisory_xact_lock(hashtext('operations.start'))`)
  const running = await tx
    .select({ registrationId: operations.registrationId })
    .from(operations)
    .where(eq(operations.state, 'running'))
  if (running.length >= MOST_RUNNING.ofAll) return 'ofAll'
  const { registrationId } = wanted
  if (running.filter(one => one.registrationId === registrationId).length >= MOST_RUNNING.ofOne) return 'ofOne'

  const { request, ...columns } = wanted
  const ends = wanted.total === 0 ? { state: 'done' as const, endedAt: now } : {}
  const [operation] = await tx
    .insert(operations)
    .values({ kind: 'messages.replay', ...columns, request: { ...request }, ...ends })
    .returning()
  if (!operation) throw new Error('An operation that was made is not there')
  if (operation.state === 'running') await scheduleOperation(tx, operation.id)
  return operation
}

/** Has some host go on with an operation. A job of the same operation that has not begun is replaced. */
export const scheduleOperation = (db: Executor, id: number, at?: Date): Promise<void> =>
  addJob(db, 'operation', { operation: id }, { key: `operation ${id}`, ...(at ? { at } : {}) })

interface WantedOperations {
  id?: number | undefined
  registrationId?: number | undefined
  state?: OperationState | undefined
}

/** The newest first; `after`: the id of the last one seen. */
export const listOperations = (
  { db }: { db: Executor },
  { id, registrationId, state }: WantedOperations,
  { limit, after }: { limit: number; after?: number | undefined }
) =>
  db
    .select()
    .from(operations)
    .where(
      and(
        id === undefined ? undefined : eq(operations.id, id),
        registrationId === undefined ? undefined : eq(operations.registrationId, registrationId),
        state && eq(operations.state, state),
        after === undefined ? undefined : lt(operations.id, after)
      )
    )
    .orderBy(desc(operations.id))
    .limit(limit)

/** Cancels a running operation: nothing of it is replayed from then on. Undefined: it has ended, or is not there. */
export async function cancelOperation(tx: Executor, id: number, now: Date): Promise<Operation | undefined> {
  const [cancelled] = await tx
    .update(operations)
    .set({ state: 'cancelled', endedAt: now })
    .where(and(eq(operations.id, id), eq(operations.state, 'running')))
    .returning()
  return cancelled
}

const KEPT_MS = 30 * 24 * 3_600_000

/** Operations are kept for 30 days, from their end on, whatever the messages are. */
export const operationCrons = ({
  database: { db },
  ...how
}: Omit<Retention, 'keepMs'> & { database: Pick<Database, 'db'> }) =>
  retentionCrons(
    { keepMs: KEPT_MS, ...how },
    {
      name: 'retention of operations',
      pattern: '37 * * * *',
      what: 'operations that were over for long enough',
      remove: async before => {
        const { rowCount } = await db
          .delete(operations)
          .where(and(isNotNull(operations.endedAt), lt(operations.endedAt, before)))
        return { operations: rowCount ?? 0 }
      }
    }
  )
