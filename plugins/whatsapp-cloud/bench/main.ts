import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import postgres from 'postgres'
import { startCrm } from 'simulator/crm'
import { freePort } from 'simulator/free-port'
import { startFlags, startHostProcess } from 'simulator/host-process'
import { spreadOf } from '../../../bench/measure.ts'
import { startEmbedded } from '../../../src/postgres/embedded/start.ts'
import { startSimulator } from '../simulator/simulator.ts'

/**
 * The time that Meta waits for the answer to a webhook: `npm run bench -w channel-whatsapp-cloud -- [webhooks] [items of
 * each]`. Statuses of messages that were sent, then replies that quote them. The host is a process of its own; the CRM, which is told
 * everything meanwhile, and the Graph API are in this one.
 */

const [webhooks = 300, items = 200] = process.argv.slice(2).map(Number)
const STATUSES = ['sent', 'delivered', 'read']
const WARM_UP = 20

const folder = await mkdtemp(join(tmpdir(), 'chat-plugin-host-bench-'))
const server = await startEmbedded(folder, { share: false })
const gateway = await startSimulator()
const crm = await startCrm()
const port = await freePort()
const base = `http://127.0.0.1:${port}/whatsapp-cloud/`
const host = startHostProcess({
  flags: startFlags(),
  env: {
    NODE_ENV: 'production',
    PORT: String(port),
    DATA_DIR: folder,
    DATABASE_URL: server.url,
    LV_PLUGIN_CHANNELS: 'whatsapp-cloud',
    LV_PLUGIN_COMPONENT_REGISTRATION_SCHEME: 'http',
    LV_PLUGIN_COMPONENT_REGISTRATION_HOSTNAME: '127.0.0.1',
    OUTBOUND_ALLOW: '127.0.0.0/8',
    LOG_LEVEL: 'error',
    ...gateway.variables
  }
})
const sql = postgres(server.url, { max: 1, onnotice: () => {} })

try {
  await host.answers(`${base}info`)
  const plugin = await crm.register(base)
  await plugin.saveSettings(gateway.settings)
  const { json } = await plugin.markdownPreview('webhook')
  await gateway.connect(/http[^`]+/.exec((json as { markdown: string }).markdown)?.[0] ?? '')
  const rounds = Math.ceil(webhooks / STATUSES.length)
  await sent((rounds + WARM_UP) * items)

  await answered(WARM_UP, n => ({ statuses: own(n + rounds).map(contact => status(contact, 'sent')) }))
  const statuses = await answered(rounds * STATUSES.length, n => ({
    statuses: own(Math.floor(n / STATUSES.length)).map(contact => status(contact, STATUSES[n % STATUSES.length] ?? ''))
  }))
  const replies = await answered(Math.min(rounds, 50), n => ({ messages: own(n).map(reply) }))
  process.stdout.write(`${JSON.stringify({ items, statuses, replies }, null, 2)}\n`)
} finally {
  await host.end()
  await sql.end()
  await gateway.close()
  await crm.close()
  await server.close()
  await rm(folder, { recursive: true, force: true })
}

/** Messages that Meta has, each to a customer of its own. */
async function sent(count: number): Promise<void> {
  await sql`
    with found as (
      insert into conversations (registration_id, contact)
      select r.id, (421900000000 + n)::text from registrations r, generate_series(0, ${count - 1}) n returning id, registration_id, contact)
    insert into messages (registration_id, conversation_id, crm_id, body, state, attempts, ref, settled_at)
    select registration_id, id, contact, json_build_object('contact', contact, 'subject', null,
      'content', json_build_object('text', 'Hello ' || contact, 'format', 'text'), 'attachments', '[]'::json),
      'accepted', 1, 'wamid.' || contact, now()
    from found order by id`
  await sql`vacuum analyze`
}

/** The messages of one webhook. */
function own(webhook: number): number[] {
  return Array.from({ length: items }, (_, at) => 421_900_000_000 + webhook * items + at)
}

function status(contact: number, name: string) {
  return { id: `wamid.${contact}`, status: name, timestamp: '1790000000', recipient_id: String(contact) }
}

function reply(contact: number) {
  const context = { id: `wamid.${contact}` }
  const common = { from: String(contact), id: `wamid.in${contact}`, timestamp: '1790000000', context }
  return { ...common, type: 'text', text: { body: 'Yes, please' } }
}

/** Posts webhooks, each when the CRM has been told of the one before. */
async function answered(count: number, valueAt: (webhook: number) => object) {
  const { phoneNumberId, businessAccountId } = gateway.state.account
  const times: number[] = []
  for (let n = 0; n < count; n += 1) {
    const value = { metadata: { phone_number_id: phoneNumberId }, ...valueAt(n) }
    const payload = {
      object: 'whatsapp_business_account',
      entry: [{ id: businessAccountId, changes: [{ field: 'messages', value }] }]
    }
    const started = performance.now()
    const code = await gateway.webhooks.post(payload)
    times.push(performance.now() - started)
    if (code !== 200) throw new Error(`a webhook was answered ${code}`)
    while ((await sql`select from outbox where settled_at is null limit 1`).length > 0) await delay(20)
  }
  return spreadOf(times)
}
