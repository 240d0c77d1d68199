import type { Outcome, Outgoing } from 'channel-kit/outcome'
import { eq } from 'drizzle-orm'
import t, { type Test } from 'tap'
import { eraseContact } from '../../src/messages/erase.ts'
import { conversations } from '../../src/postgres/schema/conversations.ts'
import { messages } from '../../src/postgres/schema/messages.ts'
import { outbox } from '../../src/postgres/schema/outbox.ts'
import { TEST_SECRETS, testCrm, testHost, until } from '../harness.ts'
import { scripted, text } from '../scripted-channel.ts'
import { cli, cliJson } from './run.ts'

const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

/** Takes its time, and reports and replies a little later. */
const slow = async ({ id, contact, content }: Outgoing): Promise<Outcome> => {
  await pause(20)
  const ref = `ref-${id}`
  const reply = { kind: 'message' as const, ref: `${ref}-reply`, contact, subject: null, content, attachments: [] }
  const status = (status: 'sent' | 'read') => ({ kind: 'status' as const, ref, status })
  return {
    kind: 'accepted',
    ref,
    later: [
      { afterMs: 0, events: [status('sent')] },
      { afterMs: 50, events: [status('read'), reply] }
    ]
  }
}

t.test('erase forgets a contact, of one registration or of all, and says what there was', async t => {
  const { env, db, crm, host, plugin, idle } = await build(t)
  const another = await crm.register(host.url)
  for (const one of [plugin, another]) await one.send(text('+100', 'secret words'))
  await plugin.send(text('+200', 'hello'))
  await idle(3)
  await db.update(messages).set({ state: 'waiting' }).where(eq(messages.id, 1))

  const counted = { conversations: 2, messages: 2, unsent: 1, items: 6, untold: 0 }
  const dry = await cliJson(t, ['erase', '--contact', '+100', '--dry-run'], { env })
  t.same(dry, { dryRun: true, contact: '+100', ...counted, webhooks: 0 })
  t.equal(await db.$count(messages), 3, 'a dry run erases nothing')

  const { code, stdout } = await cli(t, ['erase', '--contact', '+100', '--registration', '1'], { env })
  t.equal(code, 0)
  t.equal(
    stdout,
    'Erased 1 conversation with 1 message (1 not sent yet) and 3 items for the CRM (0 not delivered yet).\nUploads are not tied to contacts and stay; `uploads clean` removes them by age.\n'
  )
  t.match(await cliJson(t, ['erase', '--contact', '+100'], { env }), { dryRun: false, conversations: 1, messages: 1 })
  t.match(await cliJson(t, ['erase', '--contact', '+100'], { env }), { conversations: 0, messages: 0, items: 0 })

  t.match(await db.select().from(conversations), [{ contact: '+200' }])
  t.equal(await db.$count(outbox), 3)
  const tables = ['conversations', 'messages', 'outbox', 'early_statuses'].map(async name =>
    JSON.stringify(await host.database.sql`select * from ${host.database.sql(name)}`)
  )
  t.notMatch((await Promise.all(tables)).join(), /\+100|secret words/)
})

t.test('a contact that is erased in the midst of it all leaves no job that fails, and delays nobody', async t => {
  const { db, host, crm, plugin, idle, script } = await build(t)
  crm.misbehave(async kind => {
    if (kind !== 'key') await pause(10)
    return undefined
  })
  const send = (contact: string) =>
    Promise.all(Array.from({ length: 30 }, (_, n) => plugin.send(text(contact, `${n}`))))
  await Promise.all([send('gone'), send('stays')])
  for (const handed of [5, 10, 20, 30]) {
    await until(`${handed} to be handed over`, async () => script.handed.length >= handed)
    await eraseContact(host.database, 'gone', { onlyCount: false, secrets: TEST_SECRETS })
    // Its conversation begins anew.
    await plugin.send(text('gone', 'again'))
  }
  await idle(31, 60_000)

  const stayed = script.handed.filter(({ contact }) => contact === 'stays')
  t.equal(stayed.length, 30)
  t.equal(await db.$count(messages, eq(messages.state, 'accepted')), 31, 'and the one since the last time')
  await eraseContact(host.database, 'gone', { onlyCount: false, secrets: TEST_SECRETS })
  t.match(await db.select().from(conversations), [{ contact: 'stays', sendingDue: null, tellingDue: null }])
  t.same(
    await host.database.sql`select task_identifier, last_error from graphile_worker.jobs where last_error is not null`,
    []
  )
})

t.test('a message that comes while its contact is being erased is taken and sent', async t => {
  const { host, plugin, script, idle } = await build(t)
  const { sql } = host.database
  await plugin.send(text('1', 'before'))
  await idle(1)

  const erasing = await sql.reserve()
  await erasing`begin`
  await erasing`delete from conversations`
  const posted = plugin.send(text('1', 'meanwhile'))
  await until('the message to wait for it', async () => (await sql`select from pg_locks where not granted`).length > 0)
  await erasing`commit`
  erasing.release()

  t.equal((await posted).answer.status, 202)
  await idle(2)
  t.same(script.texts(), ['before', 'meanwhile'])
})

async function build(t: Test) {
  const script = scripted(slow)
  const crm = await testCrm(t)
  const host = await testHost(t, { channels: [{ channel: script.channel, path: '/' }] })
  const plugin = await crm.register(host.url)
  const { db, sql } = host.database
  /** Waits until so many messages were handed to the gateway and everything about them is done. */
  const idle = (handed: number, ms?: number) =>
    until(
      'all to be done',
      async () => {
        const [row] = await sql`
          select
            (select count(*) from messages where state in ('waiting', 'sending') or later is not null)
            + (select count(*) from outbox where state = 'waiting')
            + (select count(*) from graphile_worker.jobs where task_identifier = 'later') as open`
        return script.handed.length >= handed && Number(row?.open) === 0
      },
      ms
    )
  return { env: host.environment, db, crm, host, plugin, script, idle }
}
