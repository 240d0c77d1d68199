import type { ListedTemplate } from 'channel-kit/listed-template'
import { Unanswered } from 'channel-kit/unanswered'
import t, { type Test } from 'tap'
import { testChannel } from '../http/channel.ts'
import { apiHost } from './ask.ts'

/** Templates by the API: as the channel lists them now. */

const template = (name: string, change: Partial<ListedTemplate> = {}): ListedTemplate => ({
  name,
  language: 'en_US',
  status: 'APPROVED',
  isUsable: true,
  reason: null,
  category: 'UTILITY',
  header: null,
  body: `Text of ${name}`,
  footer: null,
  buttons: [],
  parameters: ['1'],
  ...change
})

async function build(t: Test, list: () => Promise<readonly ListedTemplate[]>) {
  const { crm, host, ask, token } = await apiHost(t, {
    channels: [{ channel: testChannel({ templates: { list } }), path: '/' }]
  })
  await crm.register(host.url)
  await crm.register(host.url)
  const names = async (query = '') =>
    ((await ask(`/registrations/1/templates${query}`)).json.items as unknown as ListedTemplate[]).map(
      ({ name }) => name
    )
  return { ask, token, names }
}

t.test('templates are listed as the gateway has them, and found by a piece of their name or text', async t => {
  const paused = template('spring', { status: 'PAUSED', isUsable: false, reason: 'low quality', body: 'Hello {{1}}' })
  const { ask, names } = await build(t, async () => [template('bill'), paused])

  const { status, json } = await ask('/registrations/1/templates')
  t.equal(status, 200)
  t.same(json, { items: [template('bill'), paused], isCut: false })
  t.same(await names('?query=BILL'), ['bill'])
  t.same(await names('?query=hello'), ['spring'])
  t.same(await names('?query=nothing'), [])
})

t.test('an invalid template costs no other', async t => {
  const broken = [null, 'text', {}, { ...template('no-body'), body: 1 }, template('x'.repeat(600))] as ListedTemplate[]
  const { names } = await build(t, async () => [...broken, template('whole')])

  t.same(await names(), ['whole'])
})

t.test('a list is cut where it is long, and says so', async t => {
  const { ask } = await build(t, async () => Array.from({ length: 600 }, (_, index) => template(`t${index}`)))

  const { json } = await ask('/registrations/1/templates')
  t.match({ count: json.items.length, isCut: json.isCut }, { count: 500, isCut: true })
})

t.test(
  'a gateway that cannot say is a 409 with the reason, and what a channel throws otherwise is for the log alone',
  async t => {
    const errors = [new Unanswered('the gateway is away'), new TypeError('fetch failed: /bot-of-the-secret/')]
    const { ask } = await build(t, async () => {
      throw errors.shift()
    })

    t.match(await ask('/registrations/1/templates'), { status: 409, json: { message: /the gateway is away/ } })
    t.match(await ask('/registrations/1/templates'), {
      status: 409,
      json: { message: 'The channel cannot say now; the log of the host says why' }
    })
  }
)

t.test('templates of another registration are for no token, and a channel without them answers 404', async t => {
  const { ask, token } = await build(t, async () => [template('bill')])
  const foreign = await token({ scopes: ['read'], registrationId: 2 })
  t.equal((await ask('/registrations/1/templates', { token: foreign })).status, 403)
  t.equal((await ask('/registrations/1/templates', { token: await token({ scopes: ['send'] }) })).status, 403)

  const { crm, host, ask: askBare } = await apiHost(t, { channels: [{ channel: testChannel({}), path: '/' }] })
  await crm.register(host.url)
  t.match(await askBare('/registrations/1/templates'), { status: 404, json: { message: /has none/ } })
})
