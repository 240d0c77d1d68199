import type { Database } from '../postgres/connect.ts'
import { hasMissingMigrations } from '../postgres/migrate.ts'
import { assertFloor, NoRoom } from '../storage/quota.ts'

/** Readiness: whether a host can take messages and work on them now, and what keeps it from that. */

const PROBLEMS = {
  starting: 'The host starts',
  draining: 'The host ends: what is in hand is brought to its end',
  database_away: 'The database does not answer',
  behind: 'The database is behind this version of the host: a backup may have been restored. A restart migrates it',
  read_only: 'The database takes no writes',
  disk_full: 'The disk of the uploads is nearly full: files are refused',
  queue_stuck: 'Turns of the queue keep failing'
}

type ProblemName = keyof typeof PROBLEMS

export interface Problem {
  name: ProblemName
  text: string
}

interface Running {
  database: Pick<Database, 'pool'>
  /** The folder of the uploads, and the bytes of its disk that stay free. */
  root: string
  floor: number
  /** The reason why this process does not work on the queue; undefined while it does. */
  workerProblem: () => string | undefined
}

export type Readiness = ReturnType<typeof createReadiness>

/** The readiness of a host that starts; it is told when that is over, and when the host ends. */
export function createReadiness() {
  let running: Running | undefined
  let isEnding = false

  return {
    begin(parts: Running): void {
      running = parts
    },
    end(): void {
      isEnding = true
    },
    /** Never rejects. None: the host is ready. */
    async problems(): Promise<Problem[]> {
      if (isEnding) return [problem('draining')]
      if (!running) return [problem('starting')]
      const [database, disk] = await Promise.all([databaseProblem(running.database), diskProblem(running)])
      const stuck = running.workerProblem()
      return [database, disk, stuck === undefined ? undefined : problem('queue_stuck', stuck)].filter(
        one => one !== undefined
      )
    }
  }
}

const problem = (name: ProblemName, text = PROBLEMS[name]): Problem => ({ name, text })

/** A table that is not there: no migration has ever run in this database. */
const NO_TABLE = /^(42P01|3F000)$/

async function databaseProblem({ pool }: Running['database']): Promise<Problem | undefined> {
  try {
    const { rows } = await pool.query<{ readOnly: boolean }>(
      `select pg_is_in_recovery() or current_setting('transaction_read_only')::boolean "readOnly"`
    )
    if (rows[0]?.readOnly) return problem('read_only')
    return (await hasMissingMigrations(pool)) ? problem('behind') : undefined
  } catch (error) {
    return problem(NO_TABLE.test((error as NodeJS.ErrnoException).code ?? '') ? 'behind' : 'database_away')
  }
}

async function diskProblem({ root, floor }: Running): Promise<Problem | undefined> {
  try {
    await assertFloor(root, floor)
    return undefined
  } catch (error) {
    return problem('disk_full', error instanceof NoRoom ? undefined : 'The folder of the uploads cannot be read')
  }
}
