import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { testCrm, testDatabase, testHost, until } from '../harness.ts'
import { scripted, taken } from '../scripted-channel.ts'

t.setTimeout(240_000)

/** More than a host sends before the other one has had its share. */
const MESSAGES = 10_000
const CONVERSATIONS = 1_000
const ACCOUNTS = 4

t.test(
  'rebalancing: a later host is handed registrations that are never idle, in order and no message twice',
  async t => {
    const crm = await testCrm(t)
    const env = { DATABASE_URL: await testDatabase(t), LV_PLUGIN_CHAT_SEND_QUEUE_LIMIT: '20' }
    const sent = { first: 0, second: 0 }
    const numbers = new Map<string, number[]>()
    const sends = (name: keyof typeof sent) =>
      scripted(async message => {
        sent[name] += 1
        const earlier = numbers.get(message.contact) ?? []
        numbers.set(message.contact, [...earlier, Number(message.content?.text)])
        await delay(40)
        return taken(message)
      }).channel
    const first = await testHost(t, { channels: [{ channel: sends('first'), path: '/' }], env })
    for (let account = 0; account < ACCOUNTS; account++) await crm.register(first.url)
    const { sql } = first.database
    await sql`
    with made as (
      insert into conversations (registration_id, contact, sending_due)
      select r.id, 'c' || n, now() from generate_series(0, ${CONVERSATIONS - 1}::int) n
      join registrations r on r.id = (select min(id) from registrations) + n % ${ACCOUNTS}::int
      returning id, registration_id, contact
    ), numbered as (select *, row_number() over (order by id) - 1 position from made)
    insert into messages (registration_id, conversation_id, crm_id, body, due_at)
    select c.registration_id, c.id, 'm-' || n, json_build_object('contact', c.contact, 'subject', null,
      'attachments', '[]'::json, 'content', json_build_object('text', n::text, 'format', 'text')), now()
    from generate_series(0, ${MESSAGES - 1}::int) n join numbered c on c.position = n % ${CONVERSATIONS}::int order by n`
    await sql`analyze conversations, messages`
    await sql`select graphile_worker.add_job('send', json_build_object('registration', id)) from registrations`
    await until('the first host to have all accounts', async () => {
      const [row] = await sql`select count(sending_host)::int count from registrations`
      return row?.count === ACCOUNTS
    })

    await testHost(t, {
      channels: [{ channel: sends('second'), path: '/' }],
      env: { ...env, LV_PLUGIN_SELF_URI: first.url }
    })
    await until('both to have a part', async () => sent.second > 0 && (await owners()) === 2, 60_000)
    const had = { ...sent }
    await until('both to go on', async () => sent.first > had.first && sent.second > had.second)
    await until(
      'all to be sent',
      async () => (await sql`select from messages where state <> 'accepted' limit 1`).count === 0,
      120_000
    )

    t.equal(sent.first + sent.second, MESSAGES, 'nothing twice')
    t.same(
      [...numbers.values()].filter(all => all.some((number, index) => number < (all[index - 1] ?? 0))),
      [],
      'in order'
    )

    async function owners(): Promise<number> {
      const [row] = await sql`select count(distinct sending_host)::int count from registrations`
      return row?.count ?? 0
    }
  }
)
