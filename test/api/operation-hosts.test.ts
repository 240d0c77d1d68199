import t from 'tap'
import { replayTask } from '../../src/messages/replay-task.ts'
import { failedHost } from './failed-host.ts'

/** Replays of many messages over several hosts, of which one may be killed. */

t.test('a replay goes on at another host when its host is killed, and nothing is done or counted twice', async t => {
  const { find, reach, replays, start, worker } = await failedHost(t, { count: 60 })
  const first = worker()
  const { operation } = await start({ filter: {}, perSecond: 10 })
  await reach(operation.id, 'a start', ({ changed }) => changed >= 10)
  await first.end('SIGKILL')
  const stopped = await find(operation.id)
  t.ok(stopped.state === 'running' && stopped.changed < 60)
  t.equal((await replays()).filter(number => number === 1).length, stopped.changed, 'counted as it was done')

  const second = worker()
  await reach(operation.id, 'more', ({ changed }) => changed > stopped.changed)
  await second.end('SIGTERM')
  worker()
  t.match(await reach(operation.id, 'its end', ({ state }) => state === 'done'), { seen: 60, changed: 60 })
  t.same(await replays(), Array(60).fill(1))
})

t.test('two hosts that are given the same operation do it once, since one of them leaves it', async t => {
  const { find, host, replays, start } = await failedHost(t, { count: 60 })
  const { operation } = await start({ filter: {}, perSecond: 100 })
  const log = { info: () => {}, warn: () => {} }
  const { signal: interrupted } = new AbortController()
  const hosts = [1, 2].map(() =>
    replayTask({ database: host.database, now: () => new Date(), interrupted, log })({ operation: operation.id })
  )
  await Promise.all(hosts)
  t.match(await find(operation.id), { state: 'done', seen: 60, changed: 60 })
  t.same(await replays(), Array(60).fill(1))
})
