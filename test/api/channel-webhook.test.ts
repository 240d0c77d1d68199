import t from 'tap'
import { reportTo } from '../conversation-fixture.ts'
import { apiHost } from './ask.ts'
import { talkHost } from './talk-host.ts'

/** The address that a gateway calls, and another one in its place. */

t.test('a webhook gets another address, the one before ends at once, and the audit has neither', async t => {
  const { ask, token, join } = await talkHost(t)
  await join()
  const url = async (path = '', method = 'GET') =>
    (await ask(`/registrations/1/webhook${path}`, { method })).json as unknown as { url: string }
  const { url: before } = await url()
  t.equal((await fetch(before, { method: 'POST', body: '[]' })).status, 200)
  const { url: after } = await url('/rotate', 'POST')
  t.not(after, before)
  t.same(await url(), { url: after })
  t.equal((await fetch(before, { method: 'POST', body: '[]' })).status, 404)
  await reportTo(after, [
    { kind: 'message', ref: '1', contact: 'c', subject: null, content: { text: 'hi', format: 'text' }, attachments: [] }
  ])
  const { items } = (await ask('/audit?limit=1')).json
  t.match(items, [{ action: 'channel_webhook.rotated', registration: 1 }])
  t.notMatch(JSON.stringify(items), after.split('/').at(-1))
  const stranger = await token({ scopes: ['operate'], registrationId: 2 })
  for (const [path, method] of [
    ['', 'GET'],
    ['/rotate', 'POST']
  ] as const) {
    t.equal((await ask(`/registrations/1/webhook${path}`, { method, token: stranger })).status, 403)
    t.equal((await ask(`/registrations/1/webhook${path}`, { method, token: await token() })).status, 403)
  }
})

t.test('a channel without a webhook has no address', async t => {
  const { host, ask, crm } = await apiHost(t)
  await crm.register(`${host.url}form-gallery/`)
  t.match(await ask('/registrations/1/webhook'), { status: 409, json: { message: /has no webhook/ } })
  t.equal((await ask('/registrations/1/webhook/rotate', { method: 'POST' })).status, 409)
})
