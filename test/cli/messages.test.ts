import type { Outcome, Outgoing } from 'channel-kit/outcome'
import { asc } from 'drizzle-orm'
import t, { type Test } from 'tap'
import { countMessages, listMessages, type MessageFilter } from '../../src/messages/queries.ts'
import { replayMessages } from '../../src/messages/replay.ts'
import { messages } from '../../src/postgres/schema/messages.ts'
import { testCrm, testHost, until } from '../harness.ts'
import { scripted, text } from '../scripted-channel.ts'
import { cli, cliJson } from './run.ts'

interface List {
  messages: { id: number; contact: string; state: string; crmId: string }[]
  next: number | null
}

const TIME = /^\d{4}-\d\d-\d\dT.*Z$/

/** The name of a contact decides the outcome of its messages. */
const gateway = async ({ id, contact }: Outgoing): Promise<Outcome> => {
  const ref = `ref-${id}`
  const status = (status: 'sent' | 'delivered' | 'error', reason?: string) =>
    ({ kind: 'status', ref, status, ...(reason ? { reason } : {}) }) as const
  if (contact === 'refused') return { kind: 'rejected', reason: 'no such\u001b[2J number' }
  if (contact === 'waits') return { kind: 'retry', reason: 'busy', afterMs: 600_000 }
  const events = contact === 'bounced' ? [status('error', 'blocked')] : [status('sent'), status('delivered')]
  return { kind: 'accepted', ref, later: [{ afterMs: 0, events }] }
}

t.test('messages list tells of all messages, the newest first, page by page', async t => {
  const { env, ids } = await build(t)
  const list = (...args: string[]) => cliJson<List>(t, ['messages', 'list', ...args], { env })

  const all = await list()
  t.equal(all.next, null)
  t.match(all.messages, [
    { contact: 'refused', state: 'failed', status: 'error', reason: /^no such/, attempts: 1, replays: 0, ref: null },
    { contact: 'bounced', state: 'failed', status: 'error', reason: 'blocked', settledAt: TIME },
    { contact: 'waits', state: 'waiting', status: null, reason: 'busy', dueAt: TIME, settledAt: null },
    { contact: 'fine', state: 'accepted', status: 'delivered', reason: null, dueAt: null, registrationId: 1 }
  ])
  t.same(Object.keys(all.messages[0] ?? {}), [
    ...[
      'id',
      'registrationId',
      'contact',
      'crmId',
      'state',
      'status',
      'reason',
      'code',
      'cost',
      'attempts',
      'replays',
      'ref'
    ],
    ...['acceptedAt', 'dueAt', 'settledAt']
  ])

  const page = ['--state', 'failed', '--registration', '1', '--contact', 'refused', '--since', '1h', '--limit', '1']
  t.match(await list(...page), { messages: [{ id: ids.refused }], next: null })
  t.match(await list('--limit', '2', '--after', String(ids.refused)), {
    messages: [{ id: ids.bounced }, { id: ids.waits }],
    next: ids.waits
  })
})

t.test('messages are found by state, registration, contact and age, alone and together', async t => {
  const { host, ids } = await build(t)
  const since = (ms: number) => new Date(Date.now() - ms)
  const { fine, waits, bounced, refused } = ids
  const wanted: [MessageFilter, number[]][] = [
    [{}, [refused, bounced, waits, fine]],
    [{ state: 'failed' }, [refused, bounced]],
    [{ state: 'accepted' }, [fine]],
    [{ state: 'waiting' }, [waits]],
    [{ state: 'sending' }, []],
    [{ contact: 'waits' }, [waits]],
    [{ contact: 'waits', state: 'failed' }, []],
    [{ registrationId: 1, state: 'failed' }, [refused, bounced]],
    [{ registrationId: 2 }, []],
    [{ since: since(3_600_000), contact: 'fine' }, [fine]],
    [{ since: since(-3_600_000) }, []],
    [{ ids: [fine, waits, 999], state: 'waiting' }, [waits]]
  ]
  for (const [one, found] of wanted) {
    const rows = await listMessages(host.database, one, { limit: 10 })
    t.same(
      rows.map(({ id }) => id),
      found,
      JSON.stringify(one)
    )
    t.equal(await countMessages(host.database, one), found.length)
  }
})

t.test('messages list is a table for a person, whom no text of others can trick', async t => {
  const { env, ids } = await build(t)
  const { code, stdout, stderr } = await cli(t, ['messages', 'list', '--limit', '2'], { env })
  t.same([code, stderr], [0, ''])
  const [head = '', ...rows] = stdout.split('\n')
  t.match(head, /^id +registration +contact +CRM id +accepted +state +status +attempts +reason$/)
  t.match(rows[0], new RegExp(`^${ids.refused} +1 +refused +\\S+ +\\S+Z +failed +error +1 +no such \\[2J number$`))
  t.equal(rows[0]?.indexOf('no such'), head.indexOf('reason'))
  t.equal(rows[2], `More with --after ${ids.bounced}`)
})

t.test('messages show tells the whole story, replays included', async t => {
  const { env, ids, host, plugin, reach } = await build(t)
  const [{ crmId } = { crmId: null }] = await listMessages(host.database, { ids: [ids.bounced] }, { limit: 1 })
  await replayMessages(host.database, [ids.bounced], new Date())
  await until('the second error', async () => plugin.statuses(crmId as string).length === 2)
  await reach('the CRM to have taken all', 'outbox', 'waiting', 0)

  const args = ['messages', 'show', '--crm-id', crmId as string]
  const shown = await cliJson<{ story: { at: string }[] }>(t, args, { env })
  const bounce = [
    { kind: 'attempt', number: 1, outcome: 'accepted', ref: `ref-${ids.bounced}`, durationMs: Number, at: TIME },
    { kind: 'status', status: 'error', reason: 'blocked', at: TIME },
    { kind: 'crm', status: 'error', state: 'delivered', attempts: 1, reason: null, item: Number, at: TIME }
  ]
  t.match(shown, {
    id: ids.bounced,
    crmId,
    state: 'failed',
    replays: 1,
    subject: null,
    content: { text: 'hello\nyou', format: 'text' },
    attachments: [{ name: 'a.png', uri: 'https://example.com/a.png', type: 'image' }],
    story: [{ kind: 'accepted', at: TIME }, ...bounce, { kind: 'replayed', at: TIME }, ...bounce]
  })
  t.equal(shown.story.length, 8)

  const { stdout } = await cli(t, ['messages', 'show', String(ids.bounced)], { env })
  t.match(stdout, /^message +\d+\nregistration +1\ncontact +bounced\n/)
  t.match(stdout, /\ntext \(text\)\n {2}hello\n {2}you\nimage {2}a.png {2}https:\/\/example.com\/a.png\n/)
  t.match(
    stdout,
    /Z +accepted +stored.*\n.*Z +attempt 1 +accepted as ref-\d+ \(\d+ ms\)\n.*Z +status +error: blocked\n/
  )
  t.match(stdout, /Z +CRM +took "error" after 1 try \(item \d+\)\n.*Z +replayed +by an operator\n/)
  t.notOk(stdout.includes(plugin.hpt() as string))
})

t.test('messages show says what it cannot know', async t => {
  const { env, plugin, crm, host, reach } = await build(t)
  const another = await crm.register(host.url)
  for (const sender of [plugin, another])
    await sender.special({ chat: { contact: 'fine' }, message: { id: 'same', content: { text: 'x', format: 'text' } } })
  await reach('both to be sent', 'messages', 'accepted', 4)
  t.match(await cli(t, ['messages', 'show', '--crm-id', 'same'], { env }), {
    code: 1,
    stdout: '',
    stderr: /^Registrations 1, 2 have a message of this id. Say which with --registration.\n$/
  })
  t.match(await cli(t, ['messages', 'show', '999'], { env }), { code: 1, stderr: 'There is no such message.\n' })
  t.match(await cli(t, ['messages', 'show']), { code: 1, stderr: 'Say which message: its id, or --crm-id.\n' })
  const mine = ['messages', 'show', '--crm-id', 'same', '--registration', '2']
  t.match(await cliJson(t, mine, { env }), { registrationId: 2, crmId: 'same' })
})

/** A host with four messages whose contacts say how they ended. */
async function build(t: Test) {
  const crm = await testCrm(t)
  const host = await testHost(t, { channels: [{ channel: scripted(gateway).channel, path: '/' }] })
  const plugin = await crm.register(host.url)
  const { db, sql } = host.database
  const attachments = [{ name: 'a.png', uri: 'https://example.com/a.png', type: 'image' as const }]
  for (const contact of ['fine', 'waits', 'bounced', 'refused'])
    await plugin.send({ ...text(contact, 'hello\nyou'), attachments })
  const reach = (what: string, of: 'messages' | 'outbox', state: string, number: number) =>
    until(what, async () => (await sql`select from ${sql(of)} where state = ${state}`).length === number)
  await reach('two to be taken', 'messages', 'accepted', 2)
  await reach('one to fail', 'messages', 'failed', 1)
  await until('one to wait', async () => (await sql`select from messages where reason = 'busy'`).length === 1)
  await reach('the CRM to know', 'outbox', 'delivered', 4)
  const rows = await db.select().from(messages).orderBy(asc(messages.id))
  const ids = Object.fromEntries(rows.map(({ id, body }) => [body.contact, id])) as Record<
    'fine' | 'waits' | 'bounced' | 'refused',
    number
  >
  return { crm, host, plugin, ids, reach, env: host.environment }
}
