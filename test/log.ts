import { Writable } from 'node:stream'

/** Keeps all that a host logs. */
export function keptLog() {
  let log = ''
  const logTo = new Writable({
    write(chunk, _, done) {
      log += chunk
      done()
    }
  })
  return { logTo, log: () => log }
}
