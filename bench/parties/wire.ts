import { connect, type Socket } from 'node:net'
import { clock } from '../measure.ts'

/**
 * Posts requests that are written out already, over connections that stay open.
 * Bare sockets: a client that spends ten microseconds a request measures the
 * server, one that spends a hundred measures itself.
 */
export interface Posting {
  port: number
  connections: number
  /** The next request, or undefined when there is none now. */
  next: () => { number: number; request: Buffer } | undefined
  answered: (number: number, status: number, askedAt: number) => void
}

export async function openWire({ port, connections, next, answered }: Posting) {
  const sockets = await Promise.all(Array.from({ length: connections }, () => opened(port)))
  const idle = new Set(sockets)
  let resolveQuiet: (() => void) | undefined

  for (const socket of sockets) onAnswers(socket, () => go(socket))

  /** Writes the next request, if there is one, and waits for its answer. */
  function go(socket: Socket): void {
    const request = next()
    if (!request) {
      idle.add(socket)
      if (idle.size === sockets.length) resolveQuiet?.()
      return
    }
    idle.delete(socket)
    const askedAt = clock()
    pending.set(socket, status => answered(request.number, status, askedAt))
    socket.write(request.request)
  }

  return {
    /** Every idle connection looks for a request, at most `max` of them. */
    nudge(max = connections): void {
      for (const socket of [...idle].slice(0, max)) go(socket)
    },
    /** Resolves when no answer is outstanding and there is no next request. */
    quiet: (): Promise<void> =>
      idle.size === sockets.length
        ? Promise.resolve()
        : new Promise(resolve => {
            resolveQuiet = resolve
          }),
    close: () => {
      for (const socket of sockets) socket.destroy()
    }
  }
}

const pending = new WeakMap<Socket, (status: number) => void>()

function onAnswers(socket: Socket, done: () => void): void {
  let received = ''
  socket.setEncoding('latin1').on('data', (text: string) => {
    received += text
    const head = received.indexOf('\r\n\r\n')
    if (head < 0) return
    const length = Number(/content-length: (\d+)/i.exec(received.slice(0, head))?.[1] ?? 0)
    if (received.length < head + 4 + length) return
    const status = Number(received.slice(9, 12))
    received = ''
    pending.get(socket)?.(status)
    done()
  })
  socket.once('close', hadError => hadError && process.exit(1))
}

const opened = (port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(socket)).once('error', reject)
  })
