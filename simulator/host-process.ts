import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** A host as a process of its own, for all that start one beside themselves: the demo, tests, the bench, the chaos run. */

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const STARTS_MS = 60_000
const POLL_MS = 50
const LAST_LINES = 40
/** A demo is up for days. */
const KEPT_LETTERS = 65_536

export interface HostProcessOptions {
  /** The whole environment, but for PATH. */
  env: NodeJS.ProcessEnv
  /** Another program in place of `src/main.ts`. */
  program?: string
  /** Flags of Node. */
  flags?: readonly string[]
  /** `pipe` keeps the text for `log` and `complaints`; a number is an open file. */
  output?: 'pipe' | 'inherit' | 'ignore' | number
  /** An IPC channel, and a standard input that ends when this process does. */
  connected?: boolean
  /** A process group of its own, which a Ctrl+C in the terminal does not reach. */
  detached?: boolean
  cwd?: string
  uid?: number
  gid?: number
}

export interface HostProcess {
  child: ChildProcess
  pid: number
  /** Its standard output so far. */
  log(): string
  /** Its standard error so far. */
  complaints(): string
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  /** The last lines of a host that ended or does not start. */
  lastWords(): string
  /** Resolves when the URL is answered by 200. Rejects with the last words of a host that ends before, or takes too long. */
  answers(url: string | (() => string | undefined), patience?: Patience): Promise<void>
  /** Resolves when the host has ended; one that does not end in time is killed. */
  end(signal?: 'SIGTERM' | 'SIGKILL', killAfterMs?: number): Promise<void>
}

interface Patience {
  timeoutMs?: number
  progress?: (seconds: number) => void
}

/** The flags that `npm start` gives to Node. */
export function startFlags(): readonly string[] {
  const { scripts } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    scripts: { start: string }
  }
  return scripts.start.match(/--\S+/g) ?? []
}

export function startHostProcess(options: HostProcessOptions): HostProcess {
  const { env, program = MAIN, flags = [], output = 'inherit', connected = false, ...rest } = options
  // Without the NODE_OPTIONS that tap adds to every child: they name files that another account may not write.
  const clean = env.NODE_OPTIONS ? [] : ['-u', 'NODE_OPTIONS']
  const child = spawn('env', [...clean, process.execPath, ...flags, program], {
    ...rest,
    env: { PATH: process.env.PATH, ...env },
    stdio: connected ? ['pipe', output, output, 'ipc'] : ['ignore', output, output]
  })
  const [log, complaints] = [textOf(child.stdout), textOf(child.stderr)]
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal }))
  const isUp = () => child.exitCode === null && child.signalCode === null

  function lastWords(): string {
    const state = isUp() ? 'The host is up.' : `The host ended (${child.signalCode ?? `exit code ${child.exitCode}`}).`
    const text = `${log()}${complaints()}`.trim()
    return text ? `${state}\nIts last output:\n${text.split('\n').slice(-LAST_LINES).join('\n')}` : state
  }

  return {
    child,
    pid: child.pid as number,
    log,
    complaints,
    ended,
    lastWords,

    async answers(url, { timeoutMs = STARTS_MS, progress } = {}) {
      const startedAt = performance.now()
      while (!(await isWell(typeof url === 'string' ? url : url()))) {
        const elapsed = performance.now() - startedAt
        if (!isUp()) throw new Error(lastWords())
        if (elapsed > timeoutMs) throw new Error(`The host did not serve in ${timeoutMs} ms. ${lastWords()}`)
        progress?.(Math.round(elapsed / 1_000))
        await delay(POLL_MS)
      }
    },

    async end(signal = 'SIGTERM', killAfterMs) {
      if (isUp()) child.kill(signal)
      const timer = killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs)
      await ended
      clearTimeout(timer)
    }
  }
}

async function isWell(url: string | undefined): Promise<boolean> {
  if (!url) return false
  const response = await fetch(url, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined)
  await response?.body?.cancel()
  return response?.status === 200
}

function textOf(stream: Readable | null): () => string {
  let text = ''
  stream?.setEncoding('utf8').on('data', chunk => {
    text = `${text}${chunk}`.slice(-KEPT_LETTERS)
  })
  return () => text
}
