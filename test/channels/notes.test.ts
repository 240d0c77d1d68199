import type { Note } from 'channel-kit/tools'
import t from 'tap'
import { notes } from '../../src/postgres/schema/registrations.ts'
import { reportTo, talkingHost, wrote } from '../conversation-fixture.ts'
import { until } from '../harness.ts'
import { taken } from '../scripted-channel.ts'

const note = (name: string, value: unknown) => ({ kind: 'note', name, value }) as const

t.test('notes are lent wherever tools are, to their account alone', async t => {
  const lent = new Map<string, Readonly<Record<string, Note>>>()
  const { post, reach, report, join, plugin } = await talkingHost(
    t,
    async (message, { notes }) => {
      lent.set(message.content?.text ?? '', notes)
      return taken(message)
    },
    {
      channel: {
        markdowns: {
          webhook: async (_lookup, { webhookUrl }) => webhookUrl,
          notes: async (_lookup, { notes }) => JSON.stringify(notes)
        },
        async check({ notes }) {
          lent.set('check', notes)
          return {}
        },
        async download(media, { notes }) {
          lent.set('download', notes)
          return { kind: 'gone', reason: 'none', text: media.name }
        },
        webhook: {
          bodyLimit: 10_000,
          verify: async () => ({ kind: 'genuine' }),
          async receive({ body }, { notes }) {
            lent.set('webhook', notes)
            return { reply: { status: 200 }, events: JSON.parse(body.toString()) }
          }
        }
      }
    }
  )
  const other = await join()
  await report(note('quality', { nul: '\0' }), note('limit', 1), note('limit', 2))
  const shown = async (of: typeof plugin) => {
    const { json } = await of.markdownPreview('notes')
    return JSON.parse((json as { markdown: string }).markdown)
  }
  await until('the notes to be there', async () => Object.keys(await shown(plugin)).length === 2)
  t.match(await shown(plugin), { quality: { value: { nul: '\0' } }, limit: { value: 2 } })
  t.same(await shown(other.plugin), {})

  await reach(await post('1', 'send'), 'accepted')
  await plugin.saveSettings({ main: {} })
  await report({ ...wrote('m1', '1'), attachments: [{ media: 1, name: 'a', type: 'file' }] })
  await until('a download', async () => lent.has('download'))
  for (const where of ['send', 'check', 'webhook', 'download']) {
    t.match(lent.get(where), { quality: { value: { nul: '\0' } }, limit: { value: 2 } }, where)
    t.ok((lent.get(where)?.limit?.at.getTime() ?? 0) > 1_000_000_000_000, where)
  }

  await reportTo(other.webhook, [note('limit', 3)])
  await report(note('limit', null), note('none', null))
  await until('it to be forgotten', async () => Object.keys(await shown(plugin)).length === 1)
  await until('the other’s to be there', async () => Object.keys(await shown(other.plugin)).length === 1)
})

t.test('sending asks the database for no notes', async t => {
  const { host, post, reach, report, script } = await talkingHost(t, taken)
  await report(note('a', 1))
  await reach(await post('1', 'first'), 'accepted')
  await until('the note to be lent', async () => {
    await reach(await post('1', 'another'), 'accepted')
    return script.handed.length > 1
  })
  const [locked, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const held = host.database.sql.begin(async tx => {
    await tx`lock table notes in access exclusive mode`
    locked.resolve()
    await gate.promise
  })
  await locked.promise
  for (const words of ['one', 'two', 'three']) await reach(await post('2', words), 'accepted')
  gate.resolve()
  await held
  t.equal(await host.database.db.$count(notes), 1)
})
