import type { Asked, Recalled, Tools } from 'channel-kit/tools'
import { eq } from 'drizzle-orm'
import t, { type Test } from 'tap'
import { outbox } from '../../src/postgres/schema/outbox.ts'
import { reportTo, talkingHost, wrote } from '../conversation-fixture.ts'
import { until } from '../harness.ts'

t.test('what either side said is recalled by its id, in the order asked, whatever the contact is called', async t => {
  const { db, post, reach, report, recall, settle } = await recallingHost(t)
  const mine = await reach(await post('+1', '**Hello**'), 'accepted')
  await report({ ...wrote('m1', '+1', 'Hi'), attachments: [{ name: 'a.png', uri: 'https://x/a', type: 'image' }] })
  await report({ kind: 'renamed', from: '+1', to: '1' })
  await report({ ...wrote('m2', '1', 'nul \0'), content: null, attachments: [{ media: {}, name: 'b', type: 'voice' }] })
  await settle()

  const asked = ['m2', `ref-${mine.id}`, 'nobody', 'm1', 'nul \0 \ud800']
  const wanted = [
    { from: 'contact', content: null, attachments: [{ name: 'b', type: 'voice' }] },
    { from: 'us', content: { text: '**Hello**', format: 'text' }, attachments: [] },
    undefined,
    { from: 'contact', content: { text: 'Hi', format: 'text' }, attachments: [{ name: 'a.png', type: 'image' }] },
    undefined
  ]
  for (const contact of ['+1', '1'])
    t.same(await recall(...asked.map(ref => ({ contact, ref }))), wanted, `asked by ${contact}`)
  t.same(await recall(), [])

  await db.delete(outbox).where(eq(outbox.dedupe, 'incoming m1'))
  t.same(await recall({ contact: '1', ref: 'm1' }), [undefined], 'what was removed is forgotten')
})

t.test('a message of parts is recalled by the id of any of them', async t => {
  const { post, reach, recall } = await recallingHost(t, ({ id }) => ({
    kind: 'accepted',
    ref: `${id}/0`,
    sent: [0, 1].map(part => ({ part, ref: `${id}/${part}` }))
  }))
  const { id } = await reach(await post('1', 'long'), 'accepted')
  const found = await recall({ contact: '1', ref: `${id}/0` }, { contact: '1', ref: `${id}/1` })
  t.same(
    found.map(one => [one?.content?.text, one?.part]),
    [0, 1].map(number => ['long', { number, of: 2 }])
  )
})

t.test('nobody is told what was said to another contact, or to another account', async t => {
  const { post, reach, report, recall, join } = await recallingHost(t)
  const mine = await reach(await post('1', 'a secret'), 'accepted')
  await report(wrote('m1', '1', 'another'))
  const other = await join()
  await reportTo(other.webhook, [wrote('m1', '1', 'their own'), wrote('m2', '1', 'theirs')])
  const refs = ['m1', `ref-${mine.id}`]
  t.same(await recall(...refs.map(ref => ({ contact: '2', ref }))), [undefined, undefined])
  t.same(await recall({ contact: '1', ref: 'm2' }), [undefined])
  t.match(await recall({ contact: '1', ref: 'm1' }), [{ content: { text: 'another' } }])
})

type Sent = Parameters<typeof talkingHost>[1]

/** A host whose channel recalls what a test wants to know, when it is asked for a preview. */
async function recallingHost(
  t: Test,
  end: (message: Parameters<Sent>[0]) => Awaited<ReturnType<Sent>> = ({ id }) => ({
    kind: 'accepted',
    ref: `ref-${id}`
  })
) {
  let asked: readonly Asked[] = []
  let answers: readonly (Recalled | undefined)[] = []
  const host = await talkingHost(t, async message => end(message), {
    channel: {
      markdowns: {
        webhook: async (_lookup, { webhookUrl }) => webhookUrl,
        async recall(_lookup: unknown, tools: Pick<Tools, 'recall'>) {
          answers = await tools.recall(asked)
          return ''
        }
      },
      download: async () => ({ kind: 'retry', reason: 'not yet', afterMs: 60_000 })
    }
  })
  return {
    ...host,
    async recall(...given: readonly Asked[]) {
      asked = given
      await host.plugin.markdownPreview('recall')
      return answers
    },
    settle: () => until('the CRM to hear', async () => host.incoming().length > 0)
  }
}
