import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'pg'
import { APPLICATION, type Database } from './connect.ts'
import { CONNECT_MS, KEEP_ALIVE, watchSilence } from './silence.ts'

/** A lost connection is replaced after so long. */
const RECONNECT_MS = 1_000

interface Listener {
  channel: string
  heard: (payload: string) => void
  /** Called when the connection listens; earlier notifications are missed. */
  began?: () => void
}

/** Listens for notifications of hosts on a channel of the database, until the returned function is called. */
export async function listen(
  { url }: Pick<Database, 'url'>,
  { channel, heard, began = () => {} }: Listener
): Promise<() => Promise<void>> {
  const over = new AbortController()
  let client: Client | undefined

  /** Resolves when the connection listens; `ended` resolves when it does not any more. */
  async function begin(): Promise<{ ended: Promise<unknown> }> {
    const one = new Client({
      connectionString: url,
      application_name: `${APPLICATION} ${channel}`,
      ...KEEP_ALIVE,
      // A server that comes up again may take a connection and not answer: a stopping host would wait for it.
      connectionTimeoutMillis: CONNECT_MS
    })
    client = one
    one.on('error', () => {})
    one.on('notification', ({ payload = '' }) => heard(payload))
    const ended = new Promise(resolve => one.once('end', resolve))
    await one.connect()
    await watchSilence(one, { url })
    await one.query(`listen ${channel}`)
    began()
    return { ended }
  }

  async function stay(first: { ended: Promise<unknown> }): Promise<void> {
    for (let listening: typeof first | undefined = first; ; ) {
      await listening?.ended
      await delay(RECONNECT_MS, undefined, { signal: over.signal, ref: false }).catch(() => {})
      if (over.signal.aborted) return
      listening = await begin().catch(() => undefined)
    }
  }

  void stay(await begin())
  return async () => {
    over.abort()
    await client?.end().catch(() => {})
  }
}
