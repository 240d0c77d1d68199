import type { Pool, PoolClient, QueryResultRow } from 'pg'

/**
 * Steps that belong together, run where the data is: a function of the session,
 * made on each connection when it is first called there. A turn of the queue is
 * one call instead of seventeen, each of which would wait for the disk, the
 * network and this process; see bench/README.md, "Levers". Being of the session
 * it is always the one of this very release, whatever else works on the database.
 */
export interface Routine {
  name: string
  /** As SQL declares them. */
  parameters: readonly string[]
  returns: string
  /** PL/pgSQL, from `declare` or `begin`. */
  body: string
}

/**
 * Plans are kept for a session, and one that was made while the tables were
 * small would read them whole when they are not.
 */
const PLANS = `set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
  set plan_cache_mode = force_generic_plan`

/**
 * A statement of a routine that joins what it was given with the rows of the
 * same ids: by a hash, since a loop, which is right for all others, would
 * compare each with each.
 */
export const byHash = (statement: string) => `
  perform set_config('enable_hashjoin', 'on', true), set_config('enable_nestloop', 'off', true);
  ${statement};
  perform set_config('enable_hashjoin', 'off', true), set_config('enable_nestloop', 'on', true);`

const made = new WeakMap<PoolClient, Set<string>>()

/** Runs a routine in a transaction of its own. */
export async function callRoutine<Row extends QueryResultRow>(
  pool: Pick<Pool, 'connect'>,
  routine: Routine,
  values: readonly unknown[]
): Promise<Row[]> {
  const client = await pool.connect()
  try {
    await make(client, routine)
    const { name, parameters } = routine
    const marks = parameters.map((_, index) => `$${index + 1}`).join(', ')
    const text = `select * from pg_temp.${name}(${marks})`
    const { rows } = await client.query<Row>({ name, text, values: [...values] })
    client.release()
    return rows
  } catch (error) {
    // Whatever it was, nobody else should meet it on this connection.
    client.release(true)
    throw error
  }
}

async function make(client: PoolClient, { name, parameters, returns, body }: Routine): Promise<void> {
  const known = made.get(client) ?? new Set()
  if (known.has(name)) return
  await client.query(
    `create or replace function pg_temp.${name}(${parameters.join(', ')}) returns ${returns} language plpgsql ${PLANS} as $routine$ ${body} $routine$`
  )
  made.set(client, known.add(name))
}
