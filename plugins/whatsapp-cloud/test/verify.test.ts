import { createHmac } from 'node:crypto'
import t from 'tap'
import channel from '../src/channel.ts'
import { lend, settingsOf } from './tools.ts'

const SECRET = 'test_app_secret'

t.test('a challenge is answered as it came, to who knows the verify token', async t => {
  const asked = { 'hub.mode': 'subscribe', 'hub.verify_token': 'the token', 'hub.challenge': '1158201444' }
  t.same(await ask(asked), {
    kind: 'answer',
    reply: {
      status: 200,
      headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
      body: '1158201444'
    }
  })
  for (const wrong of [
    { 'hub.mode': 'unsubscribe' },
    { 'hub.mode': undefined },
    { 'hub.verify_token': 'the toke' },
    { 'hub.verify_token': 'another token' },
    { 'hub.verify_token': '' },
    { 'hub.verify_token': ['the token'] },
    { 'hub.verify_token': undefined },
    { 'hub.challenge': '<script>' },
    { 'hub.challenge': 'x'.repeat(257) },
    { 'hub.challenge': '' },
    { 'hub.challenge': undefined }
  ])
    t.match(await ask({ ...asked, ...wrong }), { kind: 'refused' }, JSON.stringify(wrong))
  t.match(await ask({ ...asked, 'hub.verify_token': '' }, ''), { kind: 'refused' }, 'an empty token is none')
})

t.test('a signature is over the bytes as they came', async t => {
  const escaped = String.raw`{"t":"caf\u00e9 \ud83d\ude00 a\/b"}`
  for (const [body, hex] of [
    [
      '{"object":"whatsapp_business_account","entry":[]}',
      'dec6a680679a968e7e0319355b23599cbfc54502c0784668e9618baa0c633756'
    ],
    [escaped, '0b7ec4a3bb12ab921ea2dd6b2a9b879e5ad089a68276e2e06becc7defb4a2a1d'],
    ['{"t":"café 😀 a/b"}', 'c745d74f9456d921d62ce9fd3fd7c52b25c060f4c863abfae70b45c25d68fff4']
  ] as const) {
    t.same(await post(body, `sha256=${hex}`), { kind: 'genuine' }, body)
    t.match(await post(`${body} `, `sha256=${hex}`), { kind: 'refused' }, body)
  }
  t.match(await post(escaped, 'sha256=c745d74f9456d921d62ce9fd3fd7c52b25c060f4c863abfae70b45c25d68fff4'), {
    kind: 'refused'
  })
})

t.test('without a signature that holds nothing is believed', async t => {
  const good = signed('{}', SECRET)
  for (const header of [
    undefined,
    '',
    'sha256=',
    good.slice(7),
    `${good}0`,
    good.slice(0, -1),
    `sha1=${good.slice(7)}`,
    [good]
  ])
    t.match(await post('{}', header), { kind: 'refused' }, String(header))
  t.match(await post('{}', signed('{}', 'another secret')), { kind: 'refused' })
  t.match(await post('{}', signed('{}', ''), ' '), { kind: 'refused' }, 'no secret is not an empty secret')
})

t.test('while one secret is exchanged for another both hold', async t => {
  const secrets = 'new_secret\n old_secret '
  t.same(await post('{}', signed('{}', 'new_secret'), secrets), { kind: 'genuine' })
  t.same(await post('{}', signed('{}', 'old_secret'), secrets), { kind: 'genuine' })
  t.match(await post('{}', signed('{}', 'older_secret'), secrets), { kind: 'refused' })
})

function signed(body: string, secret: string) {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
}

function ask(query: Record<string, unknown>, verifyToken = 'the token') {
  return verify({ method: 'GET', query, headers: {}, body: Buffer.alloc(0) }, { verifyToken })
}

function post(body: string, header: string | string[] | undefined, appSecret = SECRET) {
  return verify(
    { method: 'POST', query: {}, headers: { 'x-hub-signature-256': header }, body: Buffer.from(body) },
    { appSecret }
  )
}

type Request = Parameters<NonNullable<typeof channel.webhook>['verify']>[0]

async function verify(request: Request, account: Record<string, string>) {
  const settings = settingsOf({ appSecret: SECRET, verifyToken: 'the token', ...account })
  return channel.webhook?.verify(request, lend({ settings }).tools)
}
