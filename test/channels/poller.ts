import { defineChannel, type Polled } from 'channel-kit/channel'
import { form, group, string } from 'channel-kit/form'
import { bareChannel } from 'channel-kit/testing'
import type { Test } from 'tap'
import { addJob } from '../../src/queue/jobs.ts'
import { testCrm, testHost, until } from '../harness.ts'
import { type Answering, testGateway } from './gateway.ts'

const Settings = form(
  { title: 'Poller', button: 'Save' },
  { main: group({ title: 'Main' }, { gateway: string({ title: 'Gateway', minLength: 1 }) }) }
)

/** A channel of a gateway that has to be asked. Its own times are far off, so that only the test's jobs run. */
export const poller = defineChannel({
  ...bareChannel,
  name: 'poller',
  settings: Settings,

  poll: {
    cron: '0 0 1 1 *',
    async read(cursor, { settings, fetch, signal }) {
      const response = await fetch(settings.main.gateway, { method: 'POST', signal, body: JSON.stringify({ cursor }) })
      if (!response.ok) throw new Error(`the gateway answered ${response.status}`)
      const { huge, ...polled } = (await response.json()) as Polled & { huge?: true }
      return huge ? { ...polled, cursor: 1n } : polled
    }
  }
})

/** A registration at the poller, and `poll` to ask its gateway as the schedule would. */
export async function pollHost(t: Test, answering: Answering) {
  const gateway = await testGateway(t, answering)
  const crm = await testCrm(t)
  const host = await testHost(t, { channels: [{ channel: poller }] })
  const { database } = host

  const register = async (key: string) => {
    const plugin = await crm.register({ key, selfUri: host.at('poller') })
    await plugin.saveSettings({ main: { gateway: gateway.url } })
    return plugin
  }
  const jobs = async () => {
    const [row] = await database.sql<{ count: number }[]>`
      select count(*)::int from graphile_worker.jobs where task_identifier = 'poll'`
    return row?.count ?? 0
  }
  return {
    gateway,
    crm,
    host,
    register,
    jobs,
    start: (registration = 1) => addJob(database.db, 'poll', { registration }),
    idle: () => until('no poll to be left', async () => (await jobs()) === 0)
  }
}
