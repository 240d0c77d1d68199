import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'

const HOST = '127.0.0.1'

/** The wanted port when nobody listens on it, otherwise any free one. 0 always means any. */
export async function freePort(wanted: number): Promise<number> {
  return (await tryPort(wanted)) ?? (await tryPort(0)) ?? 0
}

async function tryPort(port: number): Promise<number | undefined> {
  const server = createServer().listen(port, HOST)
  try {
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  } catch {
    return undefined
  } finally {
    server.close()
  }
}
