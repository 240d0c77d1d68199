import { and, eq, isNull, lt, or, sql } from 'drizzle-orm'
import type { FastifyBaseLogger } from 'fastify'
import { within } from '../http-client/timeout.ts'
import { ingest } from '../inbound/ingest.ts'
import { type Meter, NO_METER } from '../metrics/meter.ts'
import type { Database } from '../postgres/connect.ts'
import { registrations } from '../postgres/schema/registrations.ts'
import { addJob, type Jobs } from '../queue/jobs.ts'
import { beforeDeadline, type RuntimeOf } from './call-channel.ts'
import { polledOf } from './contract.ts'
import type { Mounted } from './load.ts'

/** Gateways that have to be asked. One poll at a time for a registration, whichever host runs it. */

const TIMEOUT_MS = 60_000
/** A host that dies in a poll holds its registration back no longer than this. */
const LEASE_MS = 2 * TIMEOUT_MS

interface Deps {
  database: Database
  ready: RuntimeOf
  now: () => Date
  log: Pick<FastifyBaseLogger, 'warn' | 'error'>
  meter?: Meter
}

export const createPoll =
  ({ database, ready, now, log, meter = NO_METER }: Deps) =>
  async ({ registration: id }: Jobs['poll']): Promise<void> => {
    const cursor = await lease(database, id, now())
    if (!cursor) return
    try {
      const polled = await within(TIMEOUT_MS, async deadline => {
        const runtime = await ready(id, deadline)
        if (!runtime.ok) return undefined
        const { channel, tools, naming } = runtime.value
        const { poll } = channel
        if (!poll) return undefined
        const answer = await beforeDeadline(deadline, () => poll.read(cursor.boxed?.value ?? null, tools))
        const { events, cursor: next } = polledOf(answer, tools.log)
        return { events: naming(events), next }
      })
      if (!polled) return
      const { events, next } = polled
      await ingest(
        { database, now, log, firstEarly: true, meter },
        events.map(event => ({ registrationId: id, event })),
        tx =>
          tx
            .update(registrations)
            .set({ pollCursor: { value: next } })
            .where(eq(registrations.id, id))
      )
    } catch (error) {
      log.warn(
        { event: 'poll.failed', err: error, registration: id },
        'gateway poll failed; tried again at its next time'
      )
    } finally {
      await database.db.update(registrations).set({ pollLeasedUntil: null }).where(eq(registrations.id, id))
    }
  }

async function lease(
  { db }: Pick<Database, 'db'>,
  id: number,
  now: Date
): Promise<{ boxed: { value: unknown } | null } | undefined> {
  const [row] = await db
    .update(registrations)
    .set({ pollLeasedUntil: new Date(now.getTime() + LEASE_MS) })
    .where(
      and(eq(registrations.id, id), or(isNull(registrations.pollLeasedUntil), lt(registrations.pollLeasedUntil, now)))
    )
    .returning({ boxed: registrations.pollCursor })
  return row
}

/** A schedule for each channel that polls, which adds a job for each registration. */
export const pollCrons = ({ db }: Pick<Database, 'db'>, mounted: readonly Mounted[]) =>
  mounted.flatMap(({ channel: { name, poll } }) =>
    poll ? [{ name: `poll ${name}`, pattern: poll.cron, run: () => pollAll({ db }, name) }] : []
  )

async function pollAll({ db }: Pick<Database, 'db'>, channel: string): Promise<void> {
  const rows = await db
    .select({ id: registrations.id })
    .from(registrations)
    .where(and(eq(registrations.channel, channel), sql`${registrations.archivedAt} is null`))
  for (const { id } of rows) await addJob(db, 'poll', { registration: id }, { key: `poll ${id}` })
}
