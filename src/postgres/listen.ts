import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'pg'
import { APPLICATION, type Database } from './connect.ts'
import { CONNECT_MS, KEEP_ALIVE, watchSilence } from './silence.ts'

/** How soon a lost connection is replaced. */
const AGAIN_MS = 1_000

interface Listener {
  channel: string
  heard: (payload: string) => void
  /** It listens from now on; what was said before, it has missed. */
  began?: () => void
}

/** Hears what hosts tell each other by a channel of the database, until the function that it answers is called. */
export async function listen(
  { url }: Pick<Database, 'url'>,
  { channel, heard, began = () => {} }: Listener
): Promise<() => Promise<void>> {
  const over = new AbortController()
  let client: Client | undefined

  /** Resolves, when it listens, to what resolves when it does not any more. */
  async function begin(): Promise<{ ended: Promise<unknown> }> {
    const one = new Client({
      connectionString: url,
      application_name: `${APPLICATION} ${channel}`,
      ...KEEP_ALIVE,
      // A server that comes up again may take a connection and not answer: who stops would wait for that.
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
      await delay(AGAIN_MS, undefined, { signal: over.signal, ref: false }).catch(() => {})
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
