import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { testFolder } from '../harness.ts'

/** The command line as an operator has it: a process, with nothing but the environment that a test gives. */

export const PROJECT = fileURLToPath(new URL('../../', import.meta.url))

interface Where {
  env?: NodeJS.ProcessEnv
  /** Where it is started; an empty folder, so that no `.env` is read. */
  cwd?: string
  /** The project whose src/cli/main.ts runs; ours otherwise. */
  project?: string
}

export interface Ended {
  code: number | null
  stdout: string
  stderr: string
}

const { PATH, NODE_OPTIONS, NODE_COMPILE_CACHE } = process.env

export async function startCli(t: Test, args: readonly string[], { env = {}, cwd, project = PROJECT }: Where = {}) {
  const child = spawn(process.execPath, [`${project}/src/cli/main.ts`, ...args], {
    cwd: cwd ?? (await testFolder(t)),
    env: { PATH, NODE_OPTIONS, NODE_COMPILE_CACHE, ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  t.teardown(() => child.kill('SIGKILL'))
  const written = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].setEncoding('utf8').on('data', text => {
      written[stream] += text
    })
  const ended = new Promise<Ended>((resolve, reject) =>
    child.once('error', reject).once('close', code => resolve({ code, ...written }))
  )
  return { ended, written, kill: (signal: NodeJS.Signals) => child.kill(signal) }
}

export const cli = async (t: Test, args: readonly string[], where?: Where): Promise<Ended> =>
  (await startCli(t, args, where)).ended

/** The value that `--json` prints. Throws, showing what went wrong, when the command failed or printed anything else. */
export async function cliJson<Value>(t: Test, args: readonly string[], where?: Where): Promise<Value> {
  const { code, stdout, stderr } = await cli(t, [...args, '--json'], where)
  if (code !== 0 || stderr) throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`)
  return JSON.parse(stdout) as Value
}
