import t, { type Test } from 'tap'
import { outboxReplay } from '../../src/cli/outbox-actions.ts'
import { listItems, type OutboxFilter } from '../../src/outbox/queries.ts'
import { testCrm, testHost, until } from '../harness.ts'
import { scripted, text } from '../scripted-channel.ts'
import { cli, cliJson } from './run.ts'

const TIME = /^\d{4}-\d\d-\d\dT.*Z$/

t.test('outbox list and show tell what the CRM was told and what it did not take', async t => {
  const { env, host, ids, crmId } = await build(t)
  const [sent, read, reply] = ids as [number, number, number]
  const list = (...args: string[]) => cliJson(t, ['outbox', 'list', ...args], { env })
  t.match(await list(), {
    next: null,
    items: [
      { id: reply, kind: 'incoming', state: 'parked', attempts: 1, reason: 'the CRM answered 500', settledAt: TIME },
      { id: read, kind: 'status', state: 'stopped', reason: 'the CRM answered 404', body: { status: 'read' } },
      { id: sent, contact: 'c1', state: 'delivered', reason: null, body: { id: crmId, status: 'sent' }, dueAt: null }
    ]
  })
  t.match(await list('--limit', '1', '--after', String(reply), '--registration', '1'), {
    items: [{ id: read }],
    next: read
  })
  const found: [OutboxFilter, number[]][] = [
    [{ state: 'parked' }, [reply]],
    [{ state: 'stopped', registrationId: 1 }, [read]],
    [{ state: 'delivered', registrationId: 2 }, []],
    [{ state: 'waiting' }, []],
    [{ ids: [sent, reply] }, [reply, sent]]
  ]
  for (const [wanted, expected] of found)
    t.same(
      (await listItems(host.database, wanted, { limit: 9 })).map(({ id }) => id),
      expected,
      JSON.stringify(wanted)
    )

  const { stdout } = await cli(t, ['outbox', 'list'], { env })
  t.match(stdout, /^id +registration +contact +what +stored +state +attempts +settled +reason\n/)
  t.match(stdout, new RegExp(`\\n${read} +1 +c1 +read of ${crmId} +\\S+Z +stopped +1 +\\S+Z +the CRM answered 404\\n`))
  t.match(stdout, new RegExp(`\\n${reply} +1 +c1 +incoming message +\\S+Z +parked +1 `))

  t.match(await cliJson(t, ['outbox', 'show', String(reply)], { env }), {
    id: reply,
    state: 'parked',
    offeredSince: TIME,
    body: { chat: { contact: 'c1' }, message: { content: { text: 'hello back' } } }
  })
  const shown = await cli(t, ['outbox', 'show', String(read)], { env })
  t.match(
    shown.stdout,
    /^item +\d+\n.*\ncontact +c1\nwhat +read of .*\nstate +stopped\nreason +the CRM answered 404\n/s
  )
  t.match(await cli(t, ['outbox', 'show', '99'], { env }), { code: 1, stdout: '', stderr: 'There is no item 99.\n' })
})

t.test('outbox replay offers what was given up once more', async t => {
  const { env, crm, ids, reach } = await build(t)
  crm.misbehave()
  const outbox = (...args: string[]) => cliJson(t, ['outbox', 'replay', ...args], { env })

  t.same(await outbox('--all', '--dry-run'), { dryRun: true, asked: null, replayed: 1 })
  t.same(await outbox('--all', '--registration', '2', '--state', 'parked'), { dryRun: false, asked: null, replayed: 0 })
  t.same(await outbox('--all', '--state', 'parked'), { dryRun: false, asked: null, replayed: 1 })
  await reach('delivered,stopped,delivered')
  await crm.waitFor(event => event.type === 'incoming')

  t.match(await cli(t, ['outbox', 'replay', ...ids.map(String)], { env }), {
    code: 0,
    stderr: '',
    stdout:
      'Replayed 1 item that had been given up: waiting now. Left alone (had not been given up, overtaken by a later status, or not there): 2 of 3.\n'
  })
  await reach('delivered,delivered,delivered')
})

t.test('outbox replay wants to know exactly which, before it touches anything', async t => {
  await t.rejects(outboxReplay([], { state: 'parked' }), { message: /^Say which/ })
  await t.rejects(outboxReplay([1], { all: true }), { message: /^Give ids, or --all/ })
})

/** A host with three items: one told, one that the CRM will never take, one parked. */
async function build(t: Test) {
  const script = scripted(async ({ id, contact }) => {
    const ref = `ref-${id}`
    const content = { text: 'hello back', format: 'text' as const }
    const reply = { kind: 'message' as const, ref: `${ref}-reply`, contact, subject: null, content, attachments: [] }
    const steps = (['sent', 'read'] as const).map(status => ({ kind: 'status' as const, ref, status }))
    return { kind: 'accepted', ref, later: [{ afterMs: 0, events: [...steps, reply] }] }
  })
  const crm = await testCrm(t)
  const host = await testHost(t, {
    channels: [{ channel: script.channel, path: '/' }],
    env: { LV_PLUGIN_CRM_PARK_AFTER: '1' }
  })
  const plugin = await crm.register(host.url)
  let statuses = 0
  crm.misbehave(kind => {
    if (kind === 'incoming') return { status: 500 }
    statuses += kind === 'status' ? 1 : 0
    return statuses === 2 ? { status: 404 } : undefined
  })
  const { message } = await plugin.send(text('c1', 'hello'))
  const reach = (states: string) =>
    until(`the items to be ${states}`, async () => {
      const rows = (await listItems(host.database, {}, { limit: 9 })).toReversed()
      return rows.map(({ state }) => state).join() === states ? rows.map(({ id }) => id) : undefined
    })
  return { crm, host, env: host.environment, crmId: message.id, reach, ids: await reach('delivered,stopped,parked') }
}
