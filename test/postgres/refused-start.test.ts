import { execFileSync } from 'node:child_process'
import { chmod, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { testFolder, until } from '../harness.ts'
import { isAlive, serverPid, startProcess } from '../host-process.ts'

/** Starts on a folder that another process or user has: the refusals and their texts. */

t.test('a second host on the same folder is refused, and the first goes on', async t => {
  const folder = await testFolder(t)
  const first = await startProcess(t, folder)
  await first.ready()

  const second = await startProcess(t, folder)
  t.match(await second.ended, { code: 1 })
  t.equal(
    second.complaints(),
    `Another host is running on ${folder}. Stop it, choose another DATA_DIR, or give both one Postgres by DATABASE_URL.\n`
  )
  await first.ready()
})

t.test('of two hosts that start together on an empty folder one serves and the other hears why not', async t => {
  const folder = await testFolder(t)
  const hosts = [await startProcess(t, folder), await startProcess(t, folder)]
  const [first] = await Promise.all([
    Promise.any(hosts.map(host => host.ready().then(() => host))),
    Promise.any(hosts.map(host => within(host.ended, 'one of them to end')))
  ])
  const other = hosts.find(host => host !== first)
  t.same(await other?.ended, { code: 1, signal: null })
  t.match(other?.complaints(), new RegExp(`^Another host is \\w+ on ${folder}`))
  await first.ready()
})

t.test('a password that is not the server’s any more is told, not tried for ever', async t => {
  const folder = await testFolder(t)
  const host = await startProcess(t, folder)
  await host.ready()
  host.child.kill('SIGTERM')
  await host.ended
  await writeFile(join(folder, 'postgres.key'), 'another')

  const next = await startProcess(t, folder)
  t.match(await within(next.ended, 'the host to give up'), { code: 1 })
  t.match(next.complaints(), /postgres\.key/)
})

t.test('an ordinary user runs a host of their own', async t => {
  const folder = await testFolder(t)
  await chmod(folder, 0o777)
  const account = ordinaryUser()
  const host = await startProcess(t, folder, account)
  await host.ready()
  const server = await serverPid(folder)
  t.equal((await stat(`/proc/${server}`)).uid, account.uid, 'the server is theirs')
  t.equal((await stat(join(folder, 'postgres'))).uid, account.uid)

  host.child.kill('SIGTERM')
  t.match(await host.ended, { code: 0 })
  t.notOk(isAlive(server))
})

/** The user of this process, or `nobody` when that is root. */
function ordinaryUser(): { uid: number; gid: number } {
  const id = (flag: string) => Number(execFileSync('id', process.getuid?.() === 0 ? [flag, 'nobody'] : [flag]))
  return { uid: id('-u'), gid: id('-g') }
}

async function within<Value>(promise: Promise<Value>, what: string): Promise<Value> {
  let value: { it: Value } | undefined
  promise.then(it => {
    value = { it }
  })
  return (await until(what, async () => value)).it
}
