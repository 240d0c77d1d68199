import type { Outcome, Outgoing } from 'channel-kit/outcome'
import { asc, eq } from 'drizzle-orm'
import t, { type Test } from 'tap'
import { messagesReplay } from '../../src/cli/messages-actions.ts'
import { messages } from '../../src/postgres/schema/messages.ts'
import { testCrm, testHost, until } from '../harness.ts'
import { scripted, taken, text } from '../scripted-channel.ts'
import { cli, cliJson } from './run.ts'

t.test('messages replay sends certain failed messages once more, and says what it left', async t => {
  const { env, failed, open, sent, texts } = await build(t, ['a', 'b'])
  const [one, two, three] = (await failed()).map(String) as [string, string, string]
  open()

  t.match(await cliJson(t, ['messages', 'replay', three, one, '--dry-run'], { env }), { dryRun: true, replayed: 2 })
  t.equal((await failed()).length, 6, 'a dry run changes nothing')

  t.same(await cliJson(t, ['messages', 'replay', three, one, one], { env }), { dryRun: false, asked: 2, replayed: 2 })
  await sent(2)
  t.same(texts(), ['a 0', 'a 1'], 'in the order accepted')
  t.match(await cli(t, ['messages', 'replay', one, two, '999'], { env }), {
    code: 0,
    stderr: '',
    stdout:
      'Replayed 1 message that had failed: waiting now. Left alone (had not failed, past their time, or not there): 2 of 3.\n'
  })
  await sent(3)
})

t.test('messages replay --all sends all that failed and fit, each conversation in its order', async t => {
  const { env, failed, open, sent, texts } = await build(t, ['a', 'b', 'c'])
  open()
  const replayAll = (...args: string[]) => cliJson(t, ['messages', 'replay', '--all', ...args], { env })
  t.match(await replayAll('--dry-run'), { dryRun: true, asked: null, replayed: 9 })
  t.match(await replayAll('--state', 'failed', '--contact', 'b', '--since', '1h'), { replayed: 3 })
  await sent(3)
  t.same(texts(), ['b 0', 'b 1', 'b 2'])

  t.match(await replayAll(), { dryRun: false, asked: null, replayed: 6 })
  await sent(9)
  for (const contact of ['a', 'c'])
    t.same(
      texts().filter(words => words.startsWith(contact)),
      [`${contact} 0`, `${contact} 1`, `${contact} 2`]
    )
  t.same(await failed(), [])
})

t.test('more than one batch is replayed, and what fails again at once is not replayed twice', async t => {
  const { env, sql, failed, texts } = await build(t, ['a'])
  await sql`
    with others as (insert into conversations (registration_id, contact) select 1, 'x' || n from generate_series(1, 600) n returning id)
    insert into messages (registration_id, conversation_id, body, state, status, settled_at)
    select 1, others.id, body, 'failed', 'error', now() from others, (select body from messages limit 1) example`
  t.equal((await failed()).length, 603)

  t.match(await cliJson(t, ['messages', 'replay', '--all'], { env }), { replayed: 603 })
  await until('all to have failed again', async () => (await failed()).length === 603, 60_000)
  t.equal(texts().length, 603)
})

t.test('messages replay wants to know exactly which, before it touches anything', async t => {
  const which = 'Say which: give their ids, or --all.'
  const both = 'Give ids, or --all with what narrows it down; not both.'
  for (const [ids, options, message] of [
    [[], {}, which],
    [[], { contact: '1' }, which],
    [[], { state: 'failed' }, which],
    [[1], { all: true }, both],
    [[1], { registration: 1 }, both]
  ] as const)
    await t.rejects(messagesReplay(ids, options), { message })
})

/** A host whose gateway refuses everything until it is opened, with three failed messages to each contact. */
async function build(t: Test, contacts: readonly string[]) {
  let send = async (_message: Outgoing): Promise<Outcome> => ({ kind: 'rejected', reason: 'closed' })
  const script = scripted(message => send(message))
  const crm = await testCrm(t)
  const host = await testHost(t, { channels: [{ channel: script.channel, path: '/' }] })
  const plugin = await crm.register(host.url)
  const { db, sql } = host.database
  for (const number of [0, 1, 2])
    for (const contact of contacts) await plugin.send(text(contact, `${contact} ${number}`))
  const inState = async (state: 'failed' | 'accepted') => {
    const rows = await db.select().from(messages).where(eq(messages.state, state)).orderBy(asc(messages.id))
    return rows.map(({ id }) => id)
  }
  const failed = () => inState('failed')
  await until('all to fail', async () => (await failed()).length === 3 * contacts.length)
  const before = script.handed.length
  return {
    env: host.environment,
    sql,
    failed,
    open: () => {
      send = taken
    },
    sent: (number: number) => until(`${number} to be sent`, async () => (await inState('accepted')).length === number),
    /** Messages that the gateway got since. */
    texts: () => script.texts().slice(before)
  }
}
