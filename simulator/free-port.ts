import { createServer } from 'node:net'

/** Below the ports that systems lend to outgoing connections, which could take that of a server that is down for a moment. */
const LOWEST = 12_000
const HIGHEST = 32_000

/** A free port that is still free when its server starts again. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST))
    if (await isFree(port)) return port
  }
}

/** The wanted port unless somebody listens on it, and a free one then. 0 means any. */
export const freePortLike = async (wanted: number): Promise<number> =>
  wanted !== 0 && (await isFree(wanted)) ? wanted : freePort()

const isFree = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const server = createServer().once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
