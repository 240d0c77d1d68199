import t from 'tap'
import { until } from '../harness.ts'
import { scripted, taken, text } from '../scripted-channel.ts'
import { apiHost } from './ask.ts'

t.test(
  'while the database takes no writes an operator sees what there is, and afterwards everything goes on',
  async t => {
    const { host, crm, ask } = await apiHost(t, { channels: [{ channel: scripted(taken).channel, path: '/' }] })
    const plugin = await crm.register(host.url)
    const { sql } = host.database
    const accepted = async () => (await sql`select from messages where state = 'accepted'`).length
    await plugin.send(text('+1', 'before'))
    await until('it to be sent', async () => (await accepted()) === 1)

    const [row] = await sql`select current_database() as name`
    const setReadOnly = async (value: 'on' | 'off') => {
      await sql.unsafe(
        `set default_transaction_read_only = off; alter database ${row?.name} set default_transaction_read_only = ${value}`
      )
      // A setting of a database holds for new connections.
      await sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`
    }
    await setReadOnly('on')
    const ready = async () => (await (await fetch(`${host.url}health/ready`)).json()) as { problems?: string[] }
    await until('the host to see it', async () => (await ready()).problems?.includes('read_only'))

    for (const path of [
      '/overview',
      '/registrations',
      '/messages',
      '/messages/1',
      '/failures',
      '/outbox',
      '/lots',
      '/audit'
    ])
      t.equal((await ask(path)).status, 200, path)
    t.equal((await ask('/registrations/1/pause', { body: { reason: 'night' } })).status, 503)
    t.equal((await plugin.send(text('+1', 'meanwhile'))).answer.status, 503)

    await setReadOnly('off')
    await until('the host to be ready', async () => (await ready()).problems === undefined)
    t.equal((await plugin.send(text('+1', 'after'))).answer.status, 202)
    await until('it to be sent', async () => (await accepted()) === 2)
  }
)
