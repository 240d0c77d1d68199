import { createServer } from 'node:net'

/** Below those that systems lend to outgoing connections, which would take the place of a server that is down for a moment. */
const LOWEST = 20_000
const HIGHEST = 32_000

/** A free port that is still free when its server starts again. */
export async function keptPort(): Promise<number> {
  for (;;) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST))
    if (await isFree(port)) return port
  }
}

const isFree = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const server = createServer().once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
