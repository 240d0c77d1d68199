import { type Spread, spreadOf } from './measure.ts'
import { type Sql, type Stage, startHost } from './stage.ts'

/** Lists and searches of the API at a million messages of 50 registrations, a tenth of which have failed. */

export interface ListFigure {
  path: string
  took: Spread
}

const TOKEN = 'token-of-the-bench-0123456789abcdef'
const MESSAGES = 1_000_000
const REGISTRATIONS = 50
const DAY_MS = 86_400_000

export async function measureLists(stage: Stage, rounds: number): Promise<ListFigure[]> {
  const { url, sql } = await stage.database()
  const env = { CONSOLE_TOKEN: TOKEN, LV_PLUGIN_QUOTA_API: '100000' }
  const host = await startHost(stage, url, { roles: 'web', env })
  try {
    await fill(sql)
    const figures: ListFigure[] = []
    for (const path of paths())
      figures.push(await measured(`http://127.0.0.1:${host.port}/api/v1${path}`, path, rounds))
    return figures
  } finally {
    await host.close()
  }
}

async function measured(url: string, path: string, rounds: number): Promise<ListFigure> {
  const took: number[] = []
  for (let round = -1; round < rounds; round += 1) {
    const begun = performance.now()
    const answer = await fetch(url, { headers: { authorization: `Bearer ${TOKEN}` } })
    await answer.text()
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}`)
    // The first one fills the caches.
    if (round >= 0) took.push(performance.now() - begun)
  }
  return { path: path.replaceAll(/20\d\d-[^&]*Z/g, '…'), took: spreadOf(took) }
}

/** The longest search is one that finds nothing, or only what is old. */
function paths(): string[] {
  const ago = (days: number) => new Date(Date.now() - days * DAY_MS).toISOString()
  return [
    '/messages',
    '/messages?registration=7',
    `/messages?registration=${REGISTRATIONS + 1}`,
    '/messages?state=waiting',
    '/messages?state=failed',
    '/messages?state=failed&registration=8',
    '/messages?state=gathered',
    '/messages?q=5511977777',
    '/messages?q=crm%20500000',
    '/messages?q=id%20500001',
    '/messages?q=ref%20500001',
    '/messages?q=nothing',
    '/messages?state=failed&reason=undeliverable',
    '/messages?tag=campaign%2050',
    '/messages?tag=nothing',
    `/messages?since=${ago(0.1)}`,
    `/messages?until=${ago(20)}`,
    `/messages?registration=7&since=${ago(12)}&until=${ago(11)}`,
    '/failures',
    `/failures?since=${ago(30)}`,
    '/overview',
    '/traffic?window=day',
    '/hosts'
  ]
}

/** Two seconds between two messages; the last registration has only old ones. */
async function fill(sql: Sql): Promise<void> {
  const [first] = await sql<{ id: number }[]>`select min(id)::int id from registrations`
  await sql`
    insert into registrations (
      channel, company_id, alias, plugin_id, origin, cluster_uri, country, currency, hpt, webhook_token, webhook_hash)
    select r.channel, 'company ' || n, r.alias, r.plugin_id, r.origin, r.cluster_uri, r.country, r.currency, r.hpt,
      r.webhook_token, 'hash ' || n
    from registrations r, generate_series((select count(*) from registrations) + 1, ${REGISTRATIONS + 1}::int) n
    where r.id = ${first?.id ?? 1}`
  await sql`
    insert into conversations (registration_id, contact)
    select 1 + n % ${REGISTRATIONS}::int, '55119' || n from generate_series(0, 199999) n`
  await sql`insert into conversations (registration_id, contact) values (${REGISTRATIONS + 1}, 'of long ago')`
  await sql`
    insert into messages (
      registration_id, conversation_id, crm_id, client, client_id, body, state, status, ref, reason, tag, created_at, due_at,
      settled_at)
    select case when n < 20000 and n % 10 = 3 then ${REGISTRATIONS + 1}::int else 1 + n % ${REGISTRATIONS}::int end,
      case when n < 20000 and n % 10 = 3 then 200001 else 1 + n % 200000 end,
      case when n % 2 = 0 then 'crm ' || n end, case when n % 2 = 1 then 'client' end,
      case when n % 2 = 1 then 'id ' || n end,
      json_build_object('contact', '55119' || n % 200000, 'subject', null, 'attachments', json_build_array(),
        'content', json_build_object('text', repeat('A text as it is written. ', 6), 'format', 'text')),
      case when n >= 999000 then 'waiting' when n % 10 = 0 then 'failed' else 'accepted' end,
      case when n >= 999000 then null when n % 10 = 0 then 'error' else 'read' end,
      case when n % 10 <> 0 and n < 999000 then 'ref ' || n end,
      case when n % 10 = 0 and n < 999000 then case n % 70
        when 0 then 'Recipient +55 11 9' || n || ' is not valid'
        when 10 then 'HTTP 500 from the gateway'
        when 20 then 'gave up after 5 attempts: HTTP 503'
        else 'Message undeliverable (131026: code ' || n % 40 || ')' end end,
      case when n % 5 = 0 then 'campaign ' || n % 100 end, t, t,
      case when n < 999000 then t + interval '1 second' end
    from (
      select n, now() - make_interval(secs => (${MESSAGES}::int - n) * 2.0) t from generate_series(0, ${MESSAGES - 1}::int) n
    ) g`
  await sql`vacuum analyze`
}
