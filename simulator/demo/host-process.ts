import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const LAST_LINES = 40
const POLL_MS = 200
const PATIENCE_MS = 180_000
const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

export interface HostProcess {
  /** Resolves when the host serves its info; rejects with its last words when it dies or takes too long. */
  ready: (progress: (seconds: number) => void) => Promise<void>
  /** Resolves with the last words of a host that ended on its own. */
  ended: Promise<string>
  stop: () => Promise<void>
  kill: () => void
}

/** The host as a process of its own, as an operator would start it. */
export function startHost(selfUri: string, env: Record<string, string>): HostProcess {
  const child = spawn(process.execPath, [MAIN], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A Ctrl+C in the terminal reaches the whole group; the host is told to stop once, by us.
    detached: true
  })
  process.once('exit', () => child.kill('SIGTERM'))
  const words = lastWords(child)
  const ended = once(child, 'exit').then(
    ([code, signal]) => `The host ended (${signal ?? `exit code ${code}`}).\n${words()}`
  )

  const ready = async (progress: (seconds: number) => void) => {
    const startedAt = Date.now()
    const answers = async () => {
      while (!(await serves(`${selfUri}info`))) {
        const elapsed = Date.now() - startedAt
        if (elapsed > PATIENCE_MS) throw new Error(`The host did not serve ${selfUri}info in time.\n${words()}`)
        progress(Math.round(elapsed / 1000))
        await wait(POLL_MS)
      }
    }
    const died = ended.then(reason => {
      throw new Error(reason)
    })
    await Promise.race([answers(), died])
  }

  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGTERM')
    await ended
  }

  return { ready, ended, stop, kill: () => child.kill('SIGKILL') }
}

const serves = (url: string): Promise<boolean> =>
  fetch(url, { signal: AbortSignal.timeout(2_000) }).then(
    async response => {
      await response.body?.cancel()
      return response.status === 200
    },
    () => false
  )

function lastWords(child: ChildProcess): () => string {
  let text = ''
  const keep = (chunk: Buffer) => {
    text = `${text}${chunk}`.split('\n').slice(-LAST_LINES).join('\n')
  }
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  return () => (text.trim() ? `Its last output:\n${text.trimEnd()}` : 'It said nothing.')
}
