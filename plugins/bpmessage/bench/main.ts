import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Simulator } from 'channel-kit/simulator'
import { Client } from 'pg'
import postgres from 'postgres'
import { readConfig } from '../../../src/config.ts'
import { startHost } from '../../../src/host.ts'
import { openDatabase } from '../../../src/postgres/connect.ts'
import { startEmbedded } from '../../../src/postgres/embedded/start.ts'
import { migrateDatabase } from '../../../src/postgres/migrate.ts'
import { openSecrets } from '../../../src/secrets/secrets.ts'
import bpmessage from '../src/channel.ts'

/**
 * Messages into lots, from the queue to the gateway and back to the CRM's
 * outbox: `npm run bench -w channel-bpmessage -- [messages] [of a lot]`. The gateway
 * is the channel's simulator, in a process of its own; the CRM takes everything.
 */

const [messages = 100_000, perLot = 5_000] = process.argv.slice(2).map(Number)
const KEYS = `bench:${Buffer.alloc(32, 7).toString('base64')}`
const folder = await mkdtemp(join(tmpdir(), 'chat-plugin-host-bench-'))
const server = await startEmbedded(folder, { share: false })
const gateway = fork(fileURLToPath(new URL('gateway.ts', import.meta.url)))
const [simulator] = (await once(gateway, 'message')) as [Pick<Simulator, 'settings'>]
const crm = createServer((request, response) => request.resume().on('end', () => response.end('{}')))
crm.listen(0, '127.0.0.1')
await once(crm, 'listening')

let queries = 0
const { query } = Client.prototype
Client.prototype.query = function counted(this: Client, ...given: never[]) {
  queries += 1
  return query.apply(this, given as never) as never
} as typeof query

try {
  await migrateDatabase(server.url)
  const sql = postgres(server.url, { max: 1, onnotice: () => {} })
  await prepare(sql)
  const host = await startHost(
    readConfig({
      PORT: '0',
      DATA_DIR: folder,
      DATABASE_URL: server.url,
      LV_PLUGIN_CHANNELS: 'bpmessage',
      LV_PLUGIN_ROLES: 'worker',
      LV_PLUGIN_SECRET_KEYS: KEYS,
      LV_PLUGIN_CHAT_SEND_QUEUE_LIMIT: process.env.LV_PLUGIN_CHAT_SEND_QUEUE_LIMIT,
      OUTBOUND_ALLOW: '127.0.0.0/8',
      LOG_LEVEL: 'warn'
    }),
    { channels: [{ channel: bpmessage }] }
  )
  queries = 0
  const started = performance.now()
  const seconds = () => ((performance.now() - started) / 1_000).toFixed(1)
  await sql`select graphile_worker.add_job('send', '{"registration":1}'::json)`
  let [gathered, peak] = ['', 0]
  for (;;) {
    peak = Math.max(peak, process.memoryUsage.rss())
    const [row] = await sql`select count(*)::int settled, (select coalesce(sum(items), 0)::int from lots) gathered
      from messages where settled_at is not null`
    if (row?.gathered === messages) gathered ||= seconds()
    if (row?.settled === messages) break
    await delay(100)
  }
  const took = seconds()
  const [lots] = await sql`select count(*)::int number, sum(items)::int items from lots`
  const result = {
    messages,
    lots: lots?.number,
    gatheredAfterS: Number(gathered),
    settledAfterS: Number(took),
    messagesASecond: Math.round(messages / Number(took)),
    queriesAMessage: Number((queries / messages).toFixed(3)),
    memoryMiB: Math.round(peak / 1024 / 1024)
  }
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`)
  await host.close()
  await sql.end()
} finally {
  gateway.kill()
  crm.close()
  await server.close()
  await rm(folder, { recursive: true, force: true })
}

/** A registration with its settings, and messages that wait. */
async function prepare(sql: ReturnType<typeof postgres>): Promise<void> {
  const database = openDatabase(server.url, 1)
  const { port } = crm.address() as { port: number }
  const secrets = openSecrets(KEYS)
  const sealed = await secrets.seal('secret')
  await sql`
    insert into registrations (channel, company_id, alias, plugin_id, cluster_uri, country, currency, hpt, webhook_token, webhook_hash)
    values ('bpmessage', '1', 'bench', '1', ${`http://127.0.0.1:${port}/`}, 'BR', 'BRL', ${sealed}, ${sealed}, 'hash')`
  const lots = { mode: ['lot'], batchSize: perLot, timeWindow: 30, dispatchWindow: 3_600, retryUnknown: false }
  await sql`insert into settings (registration_id, data, secrets)
    values (1, ${sql.json({ ...simulator.settings, lots } as never)}, ${await secrets.seal('{}')})`
  await sql`
    with found as (
      insert into conversations (registration_id, contact, sending_due)
      select 1, '+5511' || (900000000 + n), now() from generate_series(1, ${messages}) n returning id, contact)
    insert into messages (registration_id, conversation_id, crm_id, body)
    select 1, id, contact, json_build_object('contact', contact, 'subject', 'May',
      'content', json_build_object('text', 'Oi ' || contact, 'format', 'text'), 'attachments', '[]'::json)
    from found order by id`
  await sql`vacuum analyze`
  await database.close()
}
