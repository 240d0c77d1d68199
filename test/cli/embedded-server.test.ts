import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startHostProcess } from 'simulator/host-process'
import t, { type Test } from 'tap'
import { testEnvironment, testFolder, until } from '../harness.ts'
import { cliJson, startCli } from './run.ts'

/** Without DATABASE_URL there is one server a DATA_DIR, and the host has it when there is a host. */

const embedded = async (t: Test) =>
  testEnvironment(t, { DATABASE_URL: '', DATA_DIR: join(await testFolder(t), 'data') })

const lock = ({ DATA_DIR = '' }: NodeJS.ProcessEnv) => join(DATA_DIR, 'postgres/postmaster.pid')

const readyUrl = ({ PORT }: NodeJS.ProcessEnv) => `http://127.0.0.1:${PORT}/health/ready`

t.test('without a host, a command starts the embedded server and stops it again', async t => {
  const env = await embedded(t)
  t.match(await cliJson(t, ['db', 'migrate'], { env }), { migrations: Number })
  t.match(await cliJson(t, ['db', 'clean', '--dry-run'], { env }), { messages: 0, outbox: 0 })
  t.equal(await readFile(lock(env), 'utf8').catch(error => error.code), 'ENOENT')
})

t.test('beside a running host, commands use its server and leave it running', async t => {
  const env = await embedded(t)
  await startHost(t, { ...env, LV_PLUGIN_ROLES: 'web' })
  const server = await readFile(lock(env), 'utf8')

  t.match(await cliJson(t, ['db', 'migrate'], { env }), { migrations: Number })
  t.match(await cliJson(t, ['db', 'clean'], { env }), { messages: 0, outbox: 0 })

  const worker = await startCli(t, ['queue', 'run'], { env: { ...env, LOG_LEVEL: 'info' } })
  await until('the worker to work', async () => worker.written.stdout.includes('worker started'))
  worker.kill('SIGINT')
  t.match(await worker.ended, { code: 0, stderr: '' })

  t.equal(await readFile(lock(env), 'utf8'), server)
  t.equal((await fetch(readyUrl(env))).status, 200)
})

async function startHost(t: Test, env: NodeJS.ProcessEnv): Promise<void> {
  const host = startHostProcess({ cwd: await testFolder(t), env })
  t.teardown(() => host.end())
  await host.answers(readyUrl(env))
}
