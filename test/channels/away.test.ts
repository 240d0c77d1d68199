import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { outbox } from '../../src/database/schema.ts'
import { testDatabase, until } from '../harness.ts'
import { call, hookHost, incoming } from './hook.ts'

/** What a gateway hears while the database is away, so that it comes again. */

t.test('a call that comes while the database is away is answered 503, and kept when it comes again', async t => {
  const line = await lineTo(t, await testDatabase(t))
  const { host, webhook } = await hookHost(t, { env: { DATABASE_URL: line.url, LV_PLUGIN_ROLES: 'web' } })
  t.equal((await call(webhook, [incoming('m1', '+5511')])).status, 201)

  await line.cut()
  const refused = await call(webhook, [incoming('m2', '+5511')])
  t.equal(refused.status, 503)
  t.same(await refused.json(), { code: 503, message: 'Temporarily out of service, try again' })
  t.equal((await fetch(`${host.url}health/ready`)).status, 503)
  t.equal((await fetch(`${host.url}health/live`)).status, 200)

  await line.mend()
  await until('the gateway’s repetition to be taken', async () => {
    const { status } = await call(webhook, [incoming('m2', '+5511')])
    return status === 201
  })
  t.same(
    (await host.database.db.select().from(outbox)).map(({ dedupe }) => dedupe),
    ['incoming m1', 'incoming m2']
  )
})

t.test('a call whose transaction loses the database is answered 503, and nothing of it is kept', async t => {
  const { host, webhook } = await hookHost(t, { env: { LV_PLUGIN_ROLES: 'web' } })
  const gate = Promise.withResolvers<void>()
  const { sql } = host.database
  const held = sql.begin(async lock => {
    await lock`lock table outbox in exclusive mode`
    await gate.promise
  })
  const answering = call(webhook, [incoming('m1', '+5511')])
  const [waiting] = await until('the message to be at the table’s door', async () => {
    const rows = await sql<{ pid: number }[]>`
      select pid from pg_locks where not granted and relation = 'outbox'::regclass`
    return rows.length > 0 && rows
  })
  await sql`select pg_terminate_backend(${waiting?.pid ?? 0})`
  t.equal((await answering).status, 503)

  gate.resolve()
  await held
  t.same(await host.database.db.select().from(outbox), [])
})

/** A database behind a line that can be cut. */
async function lineTo(t: Test, url: string) {
  const { hostname, port } = new URL(url)
  const sockets = new Set<Socket>()
  const server = createServer(near => {
    const far = connect(Number(port), hostname)
    for (const [one, other] of [
      [near, far],
      [far, near]
    ] as const) {
      sockets.add(one)
      one.pipe(other)
      one.on('error', () => {}).once('close', () => other.destroy())
    }
  })
  const listen = async (at: number) => {
    server.listen(at, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }
  const cut = async () => {
    const closed = once(server, 'close')
    server.close()
    for (const socket of sockets) socket.destroy()
    await closed
  }

  const line = new URL(url)
  line.port = String(await listen(0))
  t.teardown(() => (server.listening ? cut() : undefined))
  return { url: line.href, cut, mend: () => listen(Number(line.port)) }
}
