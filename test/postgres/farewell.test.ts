import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import t, { type Test } from 'tap'
import { migrateDatabase } from '../../src/postgres/migrate.ts'
import { testDatabase } from '../harness.ts'

/** The last message of a client, and of a server that is being stopped, in Postgres' protocol. */
const FAREWELL = Buffer.from('X\0\0\0\x04')
const STOPPED = Buffer.from('SFATAL\0C57P01\0Mterminating connection due to administrator command\0\0')

t.test('a server that is stopped just when a migration is over does not end the host', async t => {
  const { url, stopped } = await serverThatStopsAtFarewells(t, await testDatabase(t))
  await migrateDatabase(url)
  await stopped()
})

async function serverThatStopsAtFarewells(t: Test, databaseUrl: string) {
  const target = new URL(databaseUrl)
  const said: Promise<unknown>[] = []
  const server = createServer(near => {
    const far = connect(Number(target.port), target.hostname)
    said.push(once(near, 'close'))
    near.on('error', () => {}).on('close', () => far.destroy())
    far.on('error', () => {}).on('close', () => near.destroy())
    far.pipe(near)
    near.on('data', chunk => {
      if (!chunk.subarray(-FAREWELL.length).equals(FAREWELL)) return void far.write(chunk)
      const length = Buffer.alloc(4)
      length.writeInt32BE(STOPPED.length + length.length)
      near.end(Buffer.concat([Buffer.from('E'), length, STOPPED]))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const url = new URL(databaseUrl)
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url: url.href, stopped: () => Promise.all(said) }
}
