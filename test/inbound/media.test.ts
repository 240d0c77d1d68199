import type { Downloaded, MessageEvent } from 'channel-kit/event'
import { eq } from 'drizzle-orm'
import t from 'tap'
import { eraseContact } from '../../src/messages/erase.ts'
import { listItems } from '../../src/outbox/queries.ts'
import { outbox } from '../../src/postgres/schema/outbox.ts'
import { talkingHost, wrote } from '../conversation-fixture.ts'
import { TEST_SECRETS, testHost, until } from '../harness.ts'
import { taken } from '../scripted-channel.ts'

const file = (name: string) => ({ media: { id: name }, name, type: 'file' as const })
const ready = (name: string): Downloaded => ({
  kind: 'ready',
  attachment: { name, uri: `https://files.example/${name}`, type: 'file' }
})
const withFiles = (ref: string, contact: string, ...names: string[]): MessageEvent => ({
  ...wrote(ref, contact, ref),
  attachments: names.map(file)
})
const nameOf = ({ media }: { media: unknown }) => (media as { id: string }).id

t.test('files: the CRM gets a message when its files are there, and later messages after it', async t => {
  const gate = Promise.withResolvers<void>()
  const { report, incoming } = await talkingHost(t, taken, {
    channel: {
      async download(media, { notes, webhookUrl }) {
        await gate.promise
        return notes && webhookUrl ? ready(media.name) : { kind: 'gone', reason: 'no tools', text: 'no tools' }
      }
    }
  })
  const kept = { name: 'kept', uri: 'https://files.example/kept', type: 'image' as const }
  await report({ ...withFiles('first', '+1'), attachments: [file('a'), kept, file('b')] })
  await report(wrote('second', '+1', 'second'), wrote('other', '+2', 'other'))
  await until('the other conversation', async () => incoming().length === 1)
  t.match(incoming(), [{ contact: '+2' }])
  gate.resolve()

  await until('all', async () => incoming().length === 3)
  t.match(incoming().slice(1), [
    { message: { content: { text: 'first' }, attachments: [{ name: 'a' }, { name: 'kept' }, { name: 'b' }] } },
    { message: { content: { text: 'second' } } }
  ])
})

t.test('files: one that will never come is a line of the message, and one that may come is fetched again', async t => {
  const asked: string[] = []
  const { report, incoming } = await talkingHost(t, taken, {
    channel: {
      async download(media) {
        const name = nameOf(media)
        asked.push(name)
        if (name === 'gone') return { kind: 'gone', reason: '404', text: 'A file is gone' }
        const times = asked.filter(one => one === name).length
        if (name === 'later' && times < 3) return { kind: 'retry', reason: 'busy', afterMs: 20 }
        if (name === 'nonsense' && times < 2) return undefined as never
        return ready(name)
      }
    }
  })
  await report(
    withFiles('with a text', '+1', 'gone', 'fine'),
    { ...withFiles('without one', '+2', 'gone'), content: null },
    withFiles('late', '+3', 'later', 'fine'),
    withFiles('odd', '+4', 'nonsense')
  )
  await until('all', async () => incoming().length === 4)
  const heard = Object.fromEntries(incoming().map(({ contact, message }) => [contact, message]))
  t.match(heard['+1'], { content: { text: 'with a text\nA file is gone' }, attachments: [{ name: 'fine' }] })
  t.match(heard['+2'], { content: { text: 'A file is gone', format: 'text' }, attachments: { length: 0 } })
  t.match(heard['+3'], { content: { text: 'late' }, attachments: [{ name: 'later' }, { name: 'fine' }] })
  t.match(heard['+4'], { attachments: [{ name: 'nonsense' }] })
  t.equal(asked.filter(name => name === 'later').length, 3)
  t.equal(asked.filter(name => name === 'fine').length, 2, 'what is there is not fetched again')
})

t.test(
  'files: a chat waits for a moment only: the message says that the file follows, and it comes as its own',
  async t => {
    const gates = new Map([...'ab'].map(name => [name, Promise.withResolvers<void>()]))
    const { report, incoming, db } = await talkingHost(t, taken, {
      env: { LV_PLUGIN_MEDIA_WAIT: '200ms' },
      channel: {
        async download(media) {
          await gates.get(nameOf(media))?.promise
          return nameOf(media) === 'b'
            ? { kind: 'gone', reason: '404', text: 'what the channel says' }
            : ready(media.name)
        }
      }
    })
    const kept = { name: 'kept', uri: 'https://files.example/kept', type: 'image' as const }
    await report(
      { ...withFiles('photo', '+1'), attachments: [kept, file('a')] },
      { ...withFiles('bare', '+1', 'b'), content: null },
      wrote('urgent', '+1', 'urgent')
    )
    await until('what waited', async () => incoming().length === 3)
    t.match(incoming(), [
      { message: { content: { text: 'photo\nThe file a follows' }, attachments: [{ name: 'kept' }] } },
      { message: { content: { text: 'The file b follows', format: 'text' }, attachments: { length: 0 } } },
      { message: { content: { text: 'urgent' } } }
    ])
    gates.get('a')?.resolve()
    await until('the file', async () => incoming().length === 4)
    gates.get('b')?.resolve()
    await until('the other', async () => incoming().length === 5)
    t.match(incoming().slice(3), [
      { contact: '+1', message: { content: null, attachments: [{ name: 'a' }] } },
      { contact: '+1', message: { content: { text: 'The file b could not be fetched' }, attachments: { length: 0 } } }
    ])
    t.same(
      (await db.select().from(outbox)).map(({ media }) => media),
      Array(5).fill(null)
    )
  }
)

t.test('files: those that hang keep no chat waiting, however many there are', async t => {
  const { report, incoming } = await talkingHost(t, taken, {
    env: { LV_PLUGIN_MEDIA_WAIT: '200ms' },
    channel: { download: () => new Promise(() => {}) }
  })
  await report(...Array.from({ length: 25 }, (_, n) => withFiles(`m${n}`, `+${n}`, 'a', 'b')))
  await until('all of them', async () => incoming().length === 25)
  t.match(incoming()[0], { message: { content: { text: /^m\d+\nThe file a follows\nThe file b follows$/ } } })
})

t.test('files: one is given up after an hour, in the words of the host’s language', async t => {
  let ahead = 0
  const now = () => new Date(Date.now() + ahead)
  const { host, db, report, incoming } = await talkingHost(t, taken, {
    env: { LV_PLUGIN_DEFAULT_LANG: 'pt_BR', LV_PLUGIN_MEDIA_WAIT: '1d' },
    now,
    channel: { download: async () => Promise.reject(new Error('a bug')) }
  })
  await report(withFiles('hello', '+1', 'photo.jpg'))
  const [item] = await until('a first try', async () => {
    const found = await db.select().from(outbox).where(eq(outbox.reason, 'a bug'))
    return found.length > 0 && found
  })
  t.match(await listItems(host.database, {}, { limit: 1 }), [{ state: 'waiting', reason: 'a bug', dueAt: null }])
  ahead = 3_600_000
  await db.execute(`select graphile_worker.add_job('media', '{"item": ${item?.id}}')`)
  await until('the CRM to hear', async () => incoming().length === 1)
  t.match(incoming(), [{ message: { content: { text: 'hello\nNão foi possível baixar o arquivo photo.jpg' } } }])
})

t.test('files: a channel that fetches nothing loses its files, not its messages', async t => {
  const { report, incoming } = await talkingHost(t, taken)
  await report(withFiles('hello', '+1', 'a'))
  await until('the CRM to hear', async () => incoming().length === 1)
  t.match(incoming(), [{ message: { content: { text: 'hello\nThe file a could not be fetched' } } }])
})

t.test('files: those that a host was fetching when it stopped, or was killed, another host fetches', async t => {
  let hosts = 0
  const { host, report, incoming, channels } = await talkingHost(t, taken, {
    env: { LV_PLUGIN_MEDIA_WAIT: '1d' },
    channel: { download: async media => (hosts > 0 ? ready(media.name) : new Promise(() => {})) }
  })
  await report(withFiles('stopped', '+1', 'a'))
  await until('it to be fetched', async () => (await jobs()).some(({ locked_by }) => locked_by))
  await report(withFiles('killed', '+2', 'b'))
  await until('both', async () => (await jobs()).filter(({ locked_by }) => locked_by).length === 2)
  await host.close()
  // As a host leaves a job that dies.
  const [, killed] = await jobs()
  await host.database
    .sql`update graphile_worker._private_jobs set locked_by = 'nobody', locked_at = now() - interval '1 minute'
    where id = ${killed?.id ?? ''}`
  hosts += 1
  await testHost(t, { channels, env: { ...host.environment } })

  await until('all', async () => incoming().length === 2, 30_000)
  t.same(new Set(incoming().map(({ message }) => message.attachments[0]?.name)), new Set(['a', 'b']))

  async function jobs() {
    return (await host.database.sql`
      select id, locked_by from graphile_worker.jobs where task_identifier = 'media' order by id`) as unknown as {
      id: string
      locked_by: string | null
    }[]
  }
})

t.test('files: ten are fetched at the same time, and sending does not wait for them', async t => {
  let [now, most] = [0, 0]
  const gate = Promise.withResolvers<void>()
  const { post, reach, report, incoming } = await talkingHost(t, taken, {
    channel: {
      async download(media) {
        now += 1
        most = Math.max(most, now)
        await gate.promise
        now -= 1
        return ready(media.name)
      }
    }
  })
  await report(...Array.from({ length: 25 }, (_, n) => withFiles(`m${n}`, `+${n}`, 'a')))
  await until('ten', async () => now === 10)
  await reach(await post('+100', 'hello'), 'accepted')
  gate.resolve()
  await until('all', async () => incoming().length === 25)
  t.equal(most, 10)
})

t.test('files: those of an erased contact are not delivered', async t => {
  const gate = Promise.withResolvers<void>()
  let fetching = 0
  const { host, db, report, incoming } = await talkingHost(t, taken, {
    channel: {
      async download(media) {
        fetching += 1
        await gate.promise
        return ready(media.name)
      }
    }
  })
  await report(withFiles('secret', '+1', 'a'))
  await until('the file to be fetched', async () => fetching === 1)
  await eraseContact(host.database, '+1', { onlyCount: false, secrets: TEST_SECRETS })
  gate.resolve()
  await until('the job to end', async () => {
    const { sql } = host.database
    return (await sql`select from graphile_worker.jobs where task_identifier = 'media'`).length === 0
  })
  t.equal(await db.$count(outbox), 0)
  t.same(incoming(), [])
})
