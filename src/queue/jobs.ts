import { sql } from 'drizzle-orm'
import type { Executor } from '../postgres/connect.ts'

/**
 * Jobs are rows of graphile-worker, added in the transaction that makes them necessary. A job only says "look at this";
 * the work itself is in our own tables, so one job too many is harmless. A `key` replaces the job of the same key that
 * has not started yet, at its time if `keepsTime`.
 */
export interface Jobs {
  /** A registration has messages to send: some host should claim it. */
  send: { registration: number }
  /** A registration has outbox items to deliver: some host should claim it. */
  tell: { registration: number }
  /** Events of a message that its channel foresaw are due. */
  later: { message: number }
  /** Statuses that came before their messages were known are looked at again. */
  early: { registration: number; all?: boolean }
  /** Fetch the files of an incoming message. */
  media: { item: number }
  /** An incoming message has waited for its files for long enough. */
  late: { item: number }
  /** A lot has a next step: it is full, its time is up, or a call for it is to be made again. */
  lot: { lot: number }
  /** Go on with an operation, that is, with work which an API client asked for. */
  operation: { operation: number }
  /** A webhook of an API client gets events pushed: some host should claim it. */
  push: { webhook: number }
  /** Ask a registration's gateway for news. */
  poll: { registration: number }
}

/** Attempts of a job, as many as graphile-worker can count: it fails only by a fault of ours or of the database, and must go on after it. */
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
