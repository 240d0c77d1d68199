import t from 'tap'
import { testFolder, until } from '../harness.ts'
import { ask, isAlive, serverPid, startProcess } from '../host-process.ts'

/** A host with its embedded Postgres as processes, ended in the ways in which processes end. */

t.test('SIGTERM ends a host in order, and its Postgres with it', async t => {
  const folder = await testFolder(t)
  const host = await startProcess(t, folder)
  await host.ready()
  const server = await serverPid(folder)

  host.child.kill('SIGTERM')
  t.same(await host.ended, { code: 0, signal: null })
  t.notOk(isAlive(server))
  t.equal(host.complaints(), '')
})

t.test('a host that is killed leaves a Postgres that the next one takes over', async t => {
  const folder = await testFolder(t)
  const killed = await startProcess(t, folder)
  await killed.ready()
  const server = await serverPid(folder)
  await leaveMark(folder)
  killed.child.kill('SIGKILL')
  t.same(await killed.ended, { code: null, signal: 'SIGKILL' })
  t.ok(isAlive(server), 'the server does not notice')

  const next = await startProcess(t, folder)
  await next.ready()
  t.equal(await serverPid(folder), server)
  t.same(await readMark(folder), [{ word: 'kept' }])

  next.child.kill('SIGTERM')
  t.match(await next.ended, { code: 0 })
  t.notOk(isAlive(server), 'who took it over stops it')
})

t.test('a host and a Postgres that are killed together start again with their data', async t => {
  const folder = await testFolder(t)
  const killed = await startProcess(t, folder)
  await killed.ready()
  await leaveMark(folder)
  const server = await serverPid(folder)
  killed.child.kill('SIGKILL')
  process.kill(server, 'SIGKILL')
  await killed.ended
  await until('the server to end', async () => !isAlive(server))

  const next = await startProcess(t, folder)
  await next.ready()
  t.not(await serverPid(folder), server)
  t.same(await readMark(folder), [{ word: 'kept' }])
})

function leaveMark(folder: string) {
  return ask(folder, sql => sql`create table mark as select 'kept' word`)
}

function readMark(folder: string) {
  return ask(folder, sql => sql`select word from mark`)
}
