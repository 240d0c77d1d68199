import { sql } from 'drizzle-orm'
import type { Executor } from '../postgres/connect.ts'

/**
 * Jobs are rows of graphile-worker, added in the transaction of what they are
 * about. A job only says "look at this"; what there is to do stands in our own
 * tables, so one too many is harmless. A `key` replaces the job of the same key that has not
 * started yet, at its time if `keepsTime`.
 */
export interface Jobs {
  /** A registration has messages to send: some host should take it on. */
  send: { registration: number }
  /** A registration's CRM has to be told something: some host should take it on. */
  tell: { registration: number }
  /** Events of a message that its channel foresaw are due. */
  later: { message: number }
  /** Statuses that came before their messages were known are looked at again. */
  early: { registration: number; all?: boolean }
  /** Fetch the files of an incoming message. */
  media: { item: number }
  /** The chat has waited for them for long enough. */
  late: { item: number }
  /** A lot goes on: it is full, its time is over, or a call for it is to be made again. */
  lot: { lot: number }
  /** Ask a registration's gateway for news. */
  poll: { registration: number }
}

/** The queue's own counter is of no use to us: a job fails only by a fault of ours or of the database, and must go on after it. */
const MAX_ATTEMPTS = 32_767

export async function addJob<Task extends keyof Jobs>(
  db: Executor,
  task: Task,
  payload: Jobs[Task],
  { at, key, keepsTime = false }: { at?: Date; key?: string; keepsTime?: boolean } = {}
): Promise<void> {
  await db.execute(sql`select graphile_worker.add_job(
    ${task}, payload := ${JSON.stringify(payload)}::json, run_at := ${at?.toISOString() ?? null}::timestamptz, job_key := ${key ?? null}, job_key_mode := ${keepsTime ? 'preserve_run_at' : 'replace'}, max_attempts := ${MAX_ATTEMPTS})`)
}
