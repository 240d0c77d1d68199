import type { Socket } from 'node:net'
import type { ClientBase, Connection } from 'pg'

/**
 * A network that forgets, or a server that is frozen, leaves connections that
 * are never closed and never answer. The socket's own timer, which reads and
 * writes only push back, finds those: one with a statement under way is given
 * up, exactly as if the network had closed it, and one without is asked whether
 * it still hears. So also who only listens notices.
 */

/** How long a statement of a host may take. With the time for a new connection it is less than a CRM waits. */
export const SILENT_MS = 8_000
/** For work by hand, which may count whole tables. */
export const PATIENT_MS = 1_800_000

/** The system asks the other side so soon on a connection that is idle. */
export const KEEP_ALIVE = { keepAlive: true, keepAliveInitialDelayMillis: 5_000 } as const

/** What the client has and its types leave out. `readyForQuery`: nothing is under way. */
type Inner = ClientBase & { connection: Connection & { stream: Socket }; readyForQuery: boolean }

/** The words begin as those of a connection that the other side closed, as which it counts. */
const gaveUp = (ms: number) => new Error(`Connection terminated: the database was silent for ${ms} ms`)

/** Gives the connection of a connected client up when its database is silent. */
export function watchSilence(client: ClientBase, ms: number): void {
  const inner = client as Inner
  const { stream } = inner.connection
  stream.setTimeout(ms)
  stream.on('timeout', () => {
    const giveUp = () => stream.destroy(gaveUp(ms))
    // One that is being ended refuses the question, and would wait for the other side's farewell.
    if (inner.readyForQuery) client.query('select 1').catch(giveUp)
    else giveUp()
  })
}

/** The server gives up first, where it can: then what failed has surely not happened. */
export const limitStatements = (client: ClientBase, ms: number) =>
  client.query(`set statement_timeout = ${Math.round(ms * 0.9)}`)
