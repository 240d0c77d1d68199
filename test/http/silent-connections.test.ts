import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { testHost, until } from '../harness.ts'

/** Connections on which nothing was asked yet: browsers open some ahead of their next request. */

t.test('a connection on which nothing was asked holds the end of a host up no more than an idle one', async t => {
  const host = await testHost(t)
  const { hostname, port } = new URL(host.url)
  const silent = connect(Number(port), hostname)
  t.teardown(() => silent.destroy())
  const gone = once(silent, 'close')
  await once(silent, 'connect')
  const connections = () =>
    new Promise<number>(resolve => host.app.server.getConnections((_error, count) => resolve(count)))
  await until('the host to have it', async () => (await connections()) > 0)
  const ended = host.app.close().then(() => true)
  // Node itself gives such a connection up after 60 s.
  t.ok(await Promise.race([ended, delay(20_000, false, { ref: false })]))
  await gone
})
