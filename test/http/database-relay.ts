import { createServer, connect as open, type Server, type Socket } from 'node:net'
import type { Test } from 'tap'

/** A way to a database that can be cut, as a network or a server that goes away would cut it, or made to swallow what is said. */
export async function databaseRelay(t: Test, databaseUrl: string) {
  const target = new URL(databaseUrl)
  const sockets = new Set<Socket>()
  let silent = false
  const server = createServer(near => {
    const far = open(Number(target.port), target.hostname)
    // What was swallowed once stays so: a network that forgot a connection does not remember it.
    let forgotten = silent
    for (const [one, other] of [
      [near, far],
      [far, near]
    ] as const) {
      sockets.add(one)
      one.on('data', bytes => {
        forgotten ||= silent
        if (!forgotten) other.write(bytes)
      })
      one.on('end', () => forgotten || other.end())
      one.on('error', () => forgotten || other.destroy()).on('close', () => sockets.delete(one))
    }
  })
  const listen = (port: number) => new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  await listen(0)
  const port = portOf(server)
  const cut = async () => {
    const closed = new Promise(resolve => server.close(resolve))
    for (const socket of sockets) socket.destroy()
    await closed
  }
  t.teardown(() => server.listening && cut())

  const url = new URL(databaseUrl)
  url.host = `127.0.0.1:${port}`
  return {
    url: url.href,
    cut,
    mend: () => listen(port),
    /** Takes connections and what is said by them, and says nothing, nor closes anything. */
    swallow() {
      silent = true
    },
    /** New connections get through again; the old ones are forgotten. */
    heal() {
      silent = false
    }
  }
}

const portOf = (server: Server) => (server.address() as { port: number }).port
