import { createServer, connect as open, type Server, type Socket } from 'node:net'

/** A way to a database that can be cut, as a network or a server that goes away would cut it, or made to swallow what is said. */
export async function startRelay(databaseUrl: string) {
  const target = new URL(databaseUrl)
  const sockets = new Set<Socket>()
  let silent = false
  let silences = 0

  const keep = (socket: Socket) => {
    sockets.add(socket)
    return socket.on('error', () => {}).on('close', () => sockets.delete(socket))
  }

  const server = createServer(near => {
    keep(near)
    if (silent) return void near.resume()
    const far = keep(open(Number(target.port), target.hostname))
    // A network that forgot a connection does not remember it.
    const since = silences
    const isHeard = () => since === silences
    for (const [one, other] of [
      [near, far],
      [far, near]
    ] as const) {
      one.on('data', bytes => isHeard() && other.write(bytes))
      one.on('end', () => isHeard() && other.end())
      one.on('close', () => isHeard() && other.destroy())
    }
  })
  const listen = (port: number) => new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  const cut = async () => {
    const closed = new Promise(resolve => server.close(resolve))
    for (const socket of sockets) socket.destroy()
    await closed
  }
  await listen(0)
  const port = portOf(server)

  const url = new URL(databaseUrl)
  url.host = `127.0.0.1:${port}`
  return {
    url: url.href,
    cut,
    mend: () => listen(port),
    /** Takes connections and what is said by them, and says nothing, nor closes anything. */
    swallow() {
      silent = true
      silences += 1
    },
    /** New connections get through again; the old ones are forgotten. */
    heal() {
      silent = false
    }
  }
}

const portOf = (server: Server) => (server.address() as { port: number }).port

export type Relay = Awaited<ReturnType<typeof startRelay>>
