import type { Test } from 'tap'
import { type Relay, startRelay } from '../../chaos/relay.ts'

/** A way to a database that goes with the test. */
export async function databaseRelay(t: Test, databaseUrl: string): Promise<Relay> {
  const relay = await startRelay(databaseUrl)
  t.teardown(relay.cut)
  return relay
}
