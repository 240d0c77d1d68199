import t from 'tap'
import { until } from '../harness.ts'
import { apiHost } from './ask.ts'

const { host, ask, token, crm } = await apiHost(t)
const plugin = await crm.register(host.url)
const { sql } = host.database
const [row] = await sql`select id from registrations`
const id = Number(row?.id)
const content = { text: 'hello', format: 'text' as const }
const send = () => plugin.send({ contact: 'c-1', subject: null, content, attachments: [] })

t.test('a registration shows what its settings lack, and what waits', async t => {
  const { status, json } = await ask(`/registrations/${id}`)
  t.equal(status, 200)
  t.match(json, { id, channel: 'echo', archivedAt: null, waiting: 0, oldestWaitingAt: null, pauses: [] })
  t.same(json.settings, { complete: true, missing: null })
  const answers = JSON.stringify(json)
  const [secret] = await sql`select hpt, webhook_token from registrations`
  t.notOk(answers.includes(secret?.hpt) || answers.includes(secret?.webhook_token))
})

t.test('a registration that there is not answers 404, and an id that is none 400', async t => {
  t.match(await ask('/registrations/999999'), { status: 404, json: { message: 'There is no such registration' } })
  for (const wrong of ['0', '-1', 'x', '9'.repeat(30), '1;drop table messages', '%00', '1e3', 'true', '1.0', '0x1'])
    t.equal((await ask(`/registrations/${wrong}`)).status, 400, wrong)
})

t.test('a list of registrations goes on where its cursor says, and ends', async t => {
  const others = await Promise.all(Array.from({ length: 4 }, () => crm.register(host.url)))
  const seen: number[] = []
  for (let cursor: string | null = '', pages = 0; cursor !== null && pages < 10; pages += 1) {
    const answer = await ask(`/registrations?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`)
    t.ok(answer.json.items.length <= 2)
    seen.push(...answer.json.items.map(({ id }: { id: number }) => id))
    cursor = answer.json.next
  }
  t.same([seen.length, new Set(seen).size], [others.length + 1, others.length + 1])
  for (const wrong of ["1' or '1'='1", '-1', 'x', '9'.repeat(16)])
    t.equal((await ask(`/registrations?cursor=${encodeURIComponent(wrong)}`)).status, 400)
  t.equal((await ask('/registrations?limit=1001')).status, 400)
  const { status, json } = await ask('/registrations?limit=0&colour=red')
  t.equal(status, 400)
  t.same(Object.keys(json.errors).sort(), ['colour', 'limit'])
})

t.test("an operator's pause holds messages back, outlasts saved settings, and ends by a resume", async t => {
  const operator = await token({ scopes: ['read', 'operate'] })
  const paused = await ask(`/registrations/${id}/pause`, {
    token: operator,
    body: { reason: 'number is under review' }
  })
  t.match(paused.json.pauses, [{ by: 'operator', until: null, reason: 'number is under review' }])

  const { message } = await send()
  await plugin.saveSettings({ main: { prefix: '<', suffix: '>', delay: 0 } })
  await until('the message to wait', async () => (await ask(`/registrations/${id}`)).json.waiting === 1)
  t.match((await ask(`/registrations/${id}`)).json.pauses, [{ by: 'operator' }])
  const [held] = await sql`select state, attempts from messages where crm_id = ${message.id}`
  t.same({ ...held }, { state: 'waiting', attempts: 0 })

  const resumed = await ask(`/registrations/${id}/resume`, { token: operator, method: 'POST' })
  t.same(resumed.json.pauses, [])
  await until('the message to be read', async () => plugin.statuses(message.id).includes('read'))
  const audited = (await ask(`/audit?registration=${id}`)).json.items
  t.match(audited, [
    { action: 'registration.resumed', actor: /^token \d+ \(test\)$/ },
    { action: 'registration.paused', details: { reason: 'number is under review', until: null } }
  ])
})

t.test('a pause until a time ends by itself', async t => {
  const end = new Date(Date.now() + 1_500).toISOString()
  t.match((await ask(`/registrations/${id}/pause`, { body: { reason: 'short', until: end } })).json.pauses, [
    { by: 'operator', until: end }
  ])
  const { message } = await send()
  await until('the message to be read', async () => plugin.statuses(message.id).includes('read'))
  const [sent] = await sql`select settled_at from messages where crm_id = ${message.id}`
  t.ok(new Date(sent?.settled_at) >= new Date(end), 'not before its end')
  t.same((await ask(`/registrations/${id}`)).json.pauses, [])
})

t.test('a pause outlasts a host, and one that ends by hand costs no look at the registration meanwhile', async t => {
  await ask(`/registrations/${id}/pause`, { body: { reason: 'for the night' } })
  const { message } = await send()
  await until('the claim to be released', async () => {
    const [row] = await sql`select sending_host from registrations where id = ${id}`
    return row?.sending_host === null
  })
  t.same([...(await sql`select from graphile_worker.jobs where task_identifier = 'send'`)], [], 'no job comes back')
  await ask(`/registrations/${id}/resume`, { method: 'POST' })
  await until('the message to be read', async () => plugin.statuses(message.id).includes('read'))
})

t.test('a pause without a reason, or until what is no time, changes nothing', async t => {
  for (const body of [
    {},
    { reason: '' },
    { reason: 'x'.repeat(501) },
    { reason: 'x', until: 'soon' },
    { reason: 'x\u0000' },
    [],
    'x'
  ])
    t.equal((await ask(`/registrations/${id}/pause`, { body })).status, 400, JSON.stringify(body))
  t.same((await ask(`/registrations/${id}`)).json.pauses, [])
})

t.test('a pause until a time that is over is refused', async t => {
  const body = { reason: 'x', until: new Date(Date.now() - 1_000).toISOString() }
  t.match(await ask(`/registrations/${id}/pause`, { body }), {
    status: 400,
    json: { message: '"until" is in the past' }
  })
})

t.test('a registration whose secrets cannot be opened costs the list no other', async t => {
  await crm.register(host.url)
  const [last] = await sql`select max(id)::int id from registrations`
  await sql`update registrations set hpt = 'not sealed by any key' where id = ${last?.id}`
  const { status, json } = await ask('/registrations?limit=100')
  t.equal(status, 200)
  t.match(json.items.find(item => item.id === last?.id)?.settings, { complete: false })
  t.match(json.items.find(item => item.id === id)?.settings, { complete: true })
})
