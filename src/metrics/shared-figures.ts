import { sql } from 'drizzle-orm'
import type { Database } from '../postgres/connect.ts'
import { figures as table } from '../postgres/schema/figures.ts'
import { type Figures, readFigures } from './figures.ts'

/**
 * Figures that one host reads for all. Whichever is scraped first after that time takes the row for its reading; the others
 * show what it wrote last. A reader that dies is followed by another one when the time is over once more.
 */

const READ_EVERY_S = 15
/** A scrape waits so long for the database; it then shows what this host knows. */
const PATIENCE_MS = 3_000
/** A reading that takes longer is given up: the database has better things to do. */
const READING_MS = 10_000
const NAME = 'metrics'

interface Stored {
  body: Figures | null
  age: number | null
  due: boolean
}

export type SharedFigures = ReturnType<typeof createSharedFigures>

export function createSharedFigures({ db }: Pick<Database, 'db'>) {
  const startedAt = performance.now()
  let known: { figures: Figures; readAt: number } | undefined
  let refreshing: Promise<void> | undefined

  const ageOf = (readAt: number) => (performance.now() - readAt) / 1_000

  const keep = (figures: Figures, age: number) => {
    known = { figures, readAt: performance.now() - age * 1_000 }
  }

  async function refresh(): Promise<void> {
    const stored = await lookAt()
    if (stored?.body && stored.age !== null) keep(stored.body, stored.age)
    if (stored && !stored.due) return
    const read = await db.transaction(async tx => {
      const { rowCount } = await tx.execute(sql`
        insert into ${table} (name) values (${NAME}) on conflict (name) do update set begun_at = now()
        where ${table.begunAt} <= now() - make_interval(secs => ${READ_EVERY_S})`)
      return rowCount === 1
    })
    if (!read) return
    await db.transaction(async tx => {
      await tx.execute(sql`set local statement_timeout = ${sql.raw(String(READING_MS))}`)
      const figures = await readFigures(tx)
      await tx.update(table).set({ body: figures, readAt: sql`now()` }).where(sql`name = ${NAME}`)
      keep(figures, 0)
    })
  }

  async function lookAt(): Promise<Stored | undefined> {
    const { rows } = await db.execute<Stored & Record<string, unknown>>(sql`
      select body, extract(epoch from now() - read_at)::float8 age,
        begun_at <= now() - make_interval(secs => ${READ_EVERY_S}) due
      from ${table} where name = ${NAME}`)
    return rows[0]
  }

  return {
    /** Never rejects, and takes no longer than its patience. Without figures, `age` counts since this host began. */
    async now(): Promise<{ figures: Figures | undefined; age: number }> {
      if (!known || ageOf(known.readAt) >= READ_EVERY_S) {
        refreshing ??= refresh()
          .catch(() => {})
          .finally(() => {
            refreshing = undefined
          })
        let timer: NodeJS.Timeout | undefined
        const patience = new Promise<void>(resolve => {
          timer = setTimeout(resolve, PATIENCE_MS).unref()
        })
        await Promise.race([refreshing, patience])
        clearTimeout(timer)
      }
      return known
        ? { figures: known.figures, age: ageOf(known.readAt) }
        : { figures: undefined, age: ageOf(startedAt) }
    },
    /** Resolves when no reading is under way. */
    async close(): Promise<void> {
      await refreshing
    }
  }
}
