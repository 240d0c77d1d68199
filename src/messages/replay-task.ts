import { setTimeout as delay } from 'node:timers/promises'
import { eq, sql } from 'drizzle-orm'
import type { FastifyBaseLogger } from 'fastify'
import type { Database, Executor } from '../postgres/connect.ts'
import { faultOf, isFault } from '../postgres/fault.ts'
import { operations } from '../postgres/schema/api.ts'
import { registrations } from '../postgres/schema/registrations.ts'
import type { Jobs } from '../queue/jobs.ts'
import { idsBetween } from './queries.ts'
import { replayMessagesIn } from './replay.ts'
import { type Operation, replayableOf, scheduleOperation } from './replay-operations.ts'

/**
 * Takes the steps of a replay in the background. A step replays some messages and writes down how far it came, in one
 * transaction, so that another host goes on after a death with nothing done or counted twice.
 *
 * One host does an operation, since it has one job. A host that was taken for dead, and lives, finds that the operation
 * has moved since its own last step, and leaves it.
 */

/** Messages of a step that nothing throttles: its locks hold up the hosts. */
const STEP = 500
/** Steps of a throttled operation, a second. */
const STEPS_A_SECOND = 2
/** Until a step is tried again after an error. */
const RETRY_MS = 1_000
/** Until a host looks again at an operation that another host is doing: that one may die. */
const ELSEWHERE_MS = 2_000

interface Deps {
  database: Pick<Database, 'db'>
  now: () => Date
  /** The host is stopping: another one goes on after the step. */
  interrupted: AbortSignal
  log: Pick<FastifyBaseLogger, 'info' | 'warn'>
}

/** `at`: the id of the last message that was looked at. */
type ReplayStep = { kind: 'moved'; at: number; restMs: number } | { kind: 'elsewhere' } | { kind: 'over' }

interface Failed {
  kind: 'failed'
  at: number | undefined
  restMs: number
}

export function replayTask({ database: { db }, now, interrupted, log }: Deps) {
  return async ({ operation: id }: Jobs['operation']): Promise<void> => {
    for (let at: number | undefined; !interrupted.aborted; ) {
      const begun = performance.now()
      const step = await tryStep(id, at)
      if (step.kind === 'over') return
      if (step.kind === 'elsewhere') return scheduleOperation(db, id, new Date(now().getTime() + ELSEWHERE_MS))
      at = step.at
      await rest(step.restMs - (performance.now() - begun))
    }
    await scheduleOperation(db, id)
  }

  /** A step that fails is no end: the database may be away. */
  async function tryStep(id: number, at: number | undefined): Promise<ReplayStep | Failed> {
    try {
      const operation = await read(id)
      return operation?.state === 'running' ? await takeStep(operation, at) : { kind: 'over' }
    } catch (error) {
      if (interrupted.aborted) throw error
      log.warn(
        { event: 'operation.step_failed', operation: id, err: error },
        'step of an operation failed; tried again'
      )
      return { kind: 'failed', at, restMs: RETRY_MS }
    }
  }

  async function rest(ms: number): Promise<void> {
    if (ms > 0) await delay(ms, undefined, { signal: interrupted }).catch(() => {})
  }

  async function read(id: number): Promise<Operation | undefined> {
    const [row] = await db.select().from(operations).where(eq(operations.id, id))
    return row
  }

  async function takeStep(operation: Operation, at = operation.lastId): Promise<ReplayStep> {
    if (operation.lastId !== at) return { kind: 'elsewhere' }
    if (await lacksRegistration(operation)) return end(operation, 'failed', 'its registration was removed')
    // Before the transaction, which locks: a filter that fits few messages reads many.
    const ids = await idsBetween({ db }, replayableOf(operation), {
      after: at,
      until: operation.endId,
      limit: limitOf(operation)
    })
    const last = ids.at(-1)
    if (last === undefined) return end(operation, 'done')
    try {
      return await db.transaction(tx => replaySome(tx, operation, ids, last))
    } catch (error) {
      if (!isFault(error)) throw error
      return end(operation, 'failed', `messages ${ids[0]} to ${last} could not be replayed: ${faultOf(error)}`)
    }
  }

  async function replaySome(
    tx: Executor,
    { id, lastId, perSecond }: Operation,
    ids: readonly number[],
    last: number
  ): Promise<ReplayStep> {
    const [locked] = await tx
      .select({ state: operations.state, lastId: operations.lastId })
      .from(operations)
      .where(eq(operations.id, id))
      .for('no key update')
    if (locked?.state !== 'running') return { kind: 'over' }
    if (locked.lastId !== lastId) return { kind: 'elsewhere' }
    const changed = await replayMessagesIn(tx, ids, now())
    await tx
      .update(operations)
      .set({
        lastId: last,
        seen: sql`${operations.seen} + ${ids.length}`,
        changed: sql`${operations.changed} + ${changed}`
      })
      .where(eq(operations.id, id))
    return { kind: 'moved', at: last, restMs: perSecond === null ? 0 : (ids.length * 1_000) / perSecond }
  }

  async function lacksRegistration({ registrationId }: Operation): Promise<boolean> {
    return registrationId !== null && (await db.$count(registrations, eq(registrations.id, registrationId))) === 0
  }

  async function end(
    { id, lastId }: Operation,
    state: 'done' | 'failed',
    error: string | null = null
  ): Promise<ReplayStep> {
    const { rowCount } = await db
      .update(operations)
      .set({ state, error, endedAt: now() })
      .where(sql`${operations.id} = ${id} and ${operations.state} = 'running' and ${operations.lastId} = ${lastId}`)
    if (rowCount === 0) return { kind: 'elsewhere' }
    log.info({ event: 'operation.ended', operation: id, state, reason: error }, 'operation ended')
    return { kind: 'over' }
  }
}

const limitOf = ({ perSecond }: Operation) =>
  perSecond === null ? STEP : Math.min(STEP, Math.ceil(perSecond / STEPS_A_SECOND))
