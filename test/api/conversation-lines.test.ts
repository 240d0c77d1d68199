import t from 'tap'
import { until } from '../harness.ts'
import { text } from '../scripted-channel.ts'
import { talkHost } from './talk-host.ts'

/** The lines of a conversation as the host still knows them. */

interface Line {
  at: string
  direction: string
  by: string
  text: string
  message: number | null
  state: string | null
}

const { ask, plugin, report, post, ended, join, row, token } = await talkHost(t)
const PATH = '/registrations/1/conversations'
const lines = async (contact: string, query = '') =>
  (await ask(`${PATH}/${encodeURIComponent(contact)}/lines${query}`)).json as unknown as {
    items: Line[]
    next: string | null
  }
const message = (ref: string, words: string, more: object = {}) => ({
  kind: 'message' as const,
  ref,
  contact: '5511999',
  subject: null,
  content: { text: words, format: 'text' as const },
  attachments: [],
  ...more
})

const sent = await plugin.send(text('5511999', 'from the CRM'))
await until('it to be sent', async () => (await row(sent.message.id))?.settledAt)
await post({ id: 'one', contact: '5511999', text: 'from a client', tellCrm: 'never' })
await ended('one')
await report(message('in-1', 'from the customer'))
await report(message('out-1', 'by phone', { by: 'business', hidden: true }))
await report(message('out-2', 'by phone, told', { by: 'business' }))
await ask(`${PATH}/5511999/notes`, { body: { text: 'for the agents' } })

t.test('all lines are there, the newest first, each with who wrote it and the message that it is', async t => {
  const { items, next } = await lines('5511999')
  t.equal(next, null)
  t.match(
    items.map(({ direction, by, text }) => [direction, by, text]),
    [
      ['out', 'note', /for the agents/],
      ['out', 'phone', 'by phone, told'],
      ['out', 'phone', 'by phone'],
      ['in', 'customer', 'from the customer'],
      ['out', 'api', 'from a client'],
      ['out', 'crm', 'from the CRM']
    ]
  )
  t.same(
    items.map(({ message }) => message !== null),
    [false, false, false, false, true, true]
  )
  t.match(items.at(-1), { message: Number((await row(sent.message.id))?.id), state: 'accepted' })
})

t.test('a page goes on where its cursor says, by whatever name of the contact', async t => {
  const seen: string[] = []
  let cursor: string | null = ''
  for (let pages = 0; cursor !== null && pages < 10; pages += 1) {
    const { items, next }: { items: Line[]; next: string | null } = await lines(
      '5511999',
      `?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`
    )
    t.ok(items.length <= 2)
    seen.push(...items.map(({ text }) => text))
    cursor = next
  }
  t.same(
    seen,
    (await lines('5511999')).items.map(({ text }) => text)
  )
  for (const wrong of ['x', '1m', 'm1', '1m1x', "1m1'"])
    t.equal((await ask(`${PATH}/5511999/lines?cursor=${encodeURIComponent(wrong)}`)).status, 400)
})

t.test('a long text is cut, and a conversation that there is not is 404', async t => {
  await plugin.send(text('long', 'x'.repeat(5_000)))
  const [line] = (await lines('long')).items
  t.equal(line?.text.length, 2_000)
  t.equal((await ask(`${PATH}/nobody/lines`)).status, 404)
  await join()
  t.equal((await ask(`${PATH}/long/lines`, { token: await token({ registrationId: 2 }) })).status, 403)
  t.equal((await ask('/registrations/2/conversations/long/lines')).status, 404)
})
