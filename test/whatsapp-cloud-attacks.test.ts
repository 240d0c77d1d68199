import { createHmac } from 'node:crypto'
import t from 'tap'
import { until } from './harness.ts'
import { keptLog } from './log.ts'
import { connected } from './whatsapp.ts'

const CUSTOMER = '421900111222'
const DEEP = 50_000

const signed = (body: string, secret: string) => `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`

t.test('a webhook that Meta did not sign is refused, however it is dressed, and nothing of it is kept', async t => {
  const { gateway, host, webhook } = await connected(t)
  const theirs = await connected(t, { change: { secret: 'of-another-tenant' } })
  const { secret, account } = gateway.state
  const message = { from: CUSTOMER, id: 'wamid.FORGED', timestamp: '1', type: 'text', text: { body: 'forged' } }
  const value = { metadata: { phone_number_id: account.phoneNumberId }, messages: [message] }
  const changes = [{ field: 'messages', value }]
  const body = JSON.stringify({ object: 'whatsapp_business_account', entry: [{ id: '1', changes }] })
  const good = signed(body, secret)
  const sha1 = createHmac('sha1', secret).update(body).digest('hex')
  const forged: Record<string, string>[] = [
    {},
    { 'x-hub-signature-256': '' },
    { 'x-hub-signature-256': 'sha256=' },
    { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` },
    { 'x-hub-signature-256': good.slice(0, -1) },
    { 'x-hub-signature-256': `${good}, ${good}` },
    { 'x-hub-signature-256': good.replace('sha256=', '') },
    { 'x-hub-signature-256': signed(body, '') },
    { 'x-hub-signature-256': signed(`${body} `, secret) },
    { 'x-hub-signature-256': signed(body, theirs.gateway.state.secret) },
    { 'x-hub-signature': `sha1=${sha1}` }
  ]
  const post = async (url: string, headers: Record<string, string>) =>
    (await fetch(url, { method: 'POST', headers, body })).status
  for (const headers of forged) t.equal(await post(webhook, headers), 403, JSON.stringify(headers))
  t.equal(await post(theirs.webhook, { 'x-hub-signature-256': good }), 403, 'each address has a secret of its own')
  t.equal(await post(webhook.replace(/.$/, '0'), { 'x-hub-signature-256': good }), 404)
  const asked = `${webhook}?hub.mode=subscribe&hub.challenge=1`
  for (const token of ['', '&hub.verify_token=', '&hub.verify_token=no', '&hub.verify_token=a&hub.verify_token=b'])
    t.equal((await fetch(asked + token)).status, 403)
  t.same(await host.database.sql`select id from outbox`, [])
  t.equal(await post(webhook, { 'x-hub-signature-256': good }), 200, 'and the real one is taken')
})

t.test('odd JSON that Meta signed harms nothing, and what came with it is told', async t => {
  const { gateway, crm, webhook } = await connected(t)
  const { account, secret } = gateway.state
  const deep = '['.repeat(DEEP) + ']'.repeat(DEEP)
  const odd = [
    `{"__proto__":{"contact":"x"},"id":"wamid.1","from":"${CUSTOMER}","type":"__proto__"}`,
    `{"id":"wamid.2","from":"${CUSTOMER}","type":"constructor","constructor":{"prototype":{"polluted":1}}}`,
    `{"id":"wamid.3","from":"${CUSTOMER}","type":"interactive","interactive":{"type":"__proto__","__proto__":{"id":1}}}`,
    `{"id":"wamid.4","from":"${CUSTOMER}","type":"text","text":{"body":"an ad"},"referral":{"headline":"h","x":${deep}}}`,
    `{"id":"wamid.5","from":"${CUSTOMER}","type":"interactive","interactive":{"type":"nfm_reply","nfm_reply":{"body":"a form","response_json":"{\\"a\\":${deep}}"}}}`,
    `{"id":"wamid.6","from":"${CUSTOMER}","type":"text","text":{"body":"nul \\u0000 half \\ud800"},"context":{"id":"\\u0000\\ud800"}}`,
    `{"id":"wamid.7","from":"${CUSTOMER}","timestamp":1e308,"type":"text","text":{"body":"the last one"}}`
  ]
  const body = `{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{"metadata":{"phone_number_id":"${account.phoneNumberId}"},"messages":[${odd.join(',')}]}},{"field":"account_update","value":{"metadata":{"phone_number_id":"${account.phoneNumberId}"},"x":${deep}}}]}]}`
  const { status } = await fetch(webhook, {
    method: 'POST',
    headers: { 'x-hub-signature-256': signed(body, secret) },
    body
  })
  t.equal(status, 200)
  const texts = () =>
    crm.events.flatMap(event => (event.type === 'incoming' ? [event.message.content?.text ?? ''] : []))
  await until('all of them', async () => texts().length === odd.length)
  for (const text of ['From an ad: h\nan ad', 'a form\na: …', 'the last one']) t.ok(texts().includes(text), text)
  t.notOk('polluted' in {} || 'contact' in {})
})

t.test('no secret reaches the log, the CRM or a form, whatever Meta answers and repeats', async t => {
  const { logTo, log } = keptLog()
  const { gateway, crm, plugin, host, webhook } = await connected(t, {
    settings: { incoming: { failureNotes: ['show'] } },
    logTo
  })
  const { accessToken, appSecret, verifyToken } = gateway.settings.account
  const said = `Malformed access token ${accessToken} of ${appSecret}`
  gateway.faults.add('messages', saying(400, 100, said))
  const { message } = await plugin.send({ contact: CUSTOMER, content: { text: 'Hi', format: 'text' } })
  const note = await crm.waitFor(event => event.type === 'incoming')
  t.match(note, { message: { content: { text: /^\[Not delivered: .*Malformed access token … of …/ } } })
  await crm.waitFor(event => event.type === 'status')
  t.same(plugin.statuses(message.id), ['error'])

  gateway.faults.add('phone', saying(401, 190, said), saying(401, 190, said))
  const shown = [
    (await plugin.markdownPreview('health')).text,
    (await plugin.saveSettings(gateway.settings)).text,
    JSON.stringify(await host.database.sql`select story, reason from messages`),
    JSON.stringify(crm.events.filter(({ type }) => type === 'incoming' || type === 'status'))
  ]
  await fetch(webhook, { method: 'POST', headers: { 'x-hub-signature-256': appSecret }, body: verifyToken })
  await until('the log', async () => log().includes('request'))
  for (const secret of [accessToken, appSecret, verifyToken, webhook.split('/').at(-1) ?? ''])
    t.same(
      [log(), ...shown].flatMap((text, at) => (text.includes(secret) ? [at] : [])),
      [],
      `${secret.slice(0, 4)}…`
    )
})

function saying(status: number, code: number, message: string) {
  return { kind: 'answer', status, body: { error: { code, message, error_data: { details: message } } } } as const
}
