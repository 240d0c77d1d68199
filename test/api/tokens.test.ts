import t from 'tap'
import { cli, cliJson } from '../cli/run.ts'
import { apiHost, CONSOLE_TOKEN } from './ask.ts'

const { host, ask, token, crm } = await apiHost(t)
await crm.register(host.url)
await crm.register(host.url)
const ids: number[] = (await host.database.sql`select id from registrations order by id`).map(({ id }) => Number(id))
const [first = 0, second = 0] = ids

t.test('no token, a wrong one and a malformed one are refused by 401', async t => {
  const wrong = [null, `cph_${'A'.repeat(43)}`, 'x', `${CONSOLE_TOKEN}x`, CONSOLE_TOKEN.slice(0, -1)]
  for (const token of wrong) {
    const { status, json, headers } = await ask('/registrations', { token })
    t.equal(status, 401)
    t.match(json, { code: 401, message: /Bearer/ })
    t.equal(headers.get('www-authenticate'), 'Bearer')
  }
})

t.test('the token of the console opens everything', async t => {
  const { status, json } = await ask('/registrations')
  t.equal(status, 200)
  t.same(
    json.items.map(({ id }: { id: number }) => id),
    ids
  )
})

t.test('a token of one registration sees that one alone, and no other answers but 403', async t => {
  const own = await token({ registrationId: first, scopes: ['read', 'operate'] })
  const { json } = await ask('/registrations', { token: own })
  t.same(
    json.items.map(({ id }: { id: number }) => id),
    [first]
  )
  t.equal((await ask(`/registrations/${first}`, { token: own })).status, 200)
  for (const path of [
    `/registrations/${second}`,
    `/messages?registration=${second}`,
    `/outbox?registration=${second}`,
    `/audit?registration=${second}`
  ])
    t.same(await ask(path, { token: own }).then(({ status }) => status), 403, path)
  const body = { reason: 'not mine' }
  t.equal((await ask(`/registrations/${second}/pause`, { token: own, body })).status, 403)
})

t.test('a token without the scope of a route is refused by 403, scope by scope', async t => {
  const routes = [
    ['GET', '/registrations', 'read'],
    ['GET', '/messages', 'read'],
    ['GET', '/outbox', 'read'],
    ['GET', '/audit', 'operate'],
    ['POST', `/registrations/${first}/resume`, 'operate'],
    ['POST', '/outbox/replay', 'operate']
  ] as const
  for (const [method, path, scope] of routes) {
    const lacking = await token({
      scopes: (['read', 'send', 'bulk', 'events', 'hold', 'suppress', 'operate'] as const).filter(
        other => other !== scope
      )
    })
    const answer = await ask(path, { token: lacking, method, ...(method === 'POST' ? { body: {} } : {}) })
    t.equal(answer.status, 403, path)
    t.match(answer.json, { message: `The token lacks the scope "${scope}"` })
  }
})

t.test('a token that is revoked or expired opens nothing from the next request on', async t => {
  const made = await cliJson<{ id: number; token: string }>(
    t,
    ['tokens', 'create', '--scopes', 'read,events', '--name', 'bot', '--expires', '90d', '--registration', `${first}`],
    { env: host.environment }
  )
  t.match(made, { scopes: ['read', 'events'], registration: first, token: /^cph_[\w-]{43}$/, expiresAt: /^\d{4}-/ })
  t.equal((await ask('/messages', { token: made.token })).status, 200)
  const { stdout } = await cli(t, ['tokens', 'list'], { env: host.environment })
  t.match(stdout, /bot +read events/)
  t.notMatch(stdout, made.token)

  await cliJson(t, ['tokens', 'revoke', `${made.id}`], { env: host.environment })
  t.equal((await ask('/messages', { token: made.token })).status, 401)
  t.match(await cli(t, ['tokens', 'revoke', `${made.id}`], { env: host.environment }), {
    code: 1,
    stderr: /no token \d+ that could be revoked/
  })

  const expired = await token({ expiresAt: new Date(Date.now() - 1_000) })
  t.equal((await ask('/messages', { token: expired })).status, 401)
  const actions = (await ask('/audit')).json.items.map(({ action }) => action)
  t.ok(actions.includes('token.created') && actions.includes('token.revoked'))
})

t.test('a limit of its own holds for a token, above and below that of the host', async t => {
  const env = host.environment
  const few = await cliJson<{ id: number; token: string; perSecond: number }>(
    t,
    ['tokens', 'create', '--scopes', 'read', '--name', 'few', '--limit', '2'],
    { env }
  )
  t.equal(few.perSecond, 2)
  const many = await token({ name: 'many', perSecond: 500 })
  const crowd = async (own: string) => {
    const answers = await Promise.all(Array.from({ length: 80 }, () => ask('/messages?limit=1', { token: own })))
    return answers.filter(({ status }) => status === 429)
  }
  const refused = await crowd(few.token)
  t.ok(refused.length >= 40, `${refused.length} are refused`)
  for (const { headers } of refused) t.ok(Number(headers.get('retry-after')) >= 1)
  t.same(await crowd(many), [], 'the host takes 50 of others')
  t.match((await cli(t, ['tokens', 'list'], { env })).stdout, /few +read +all +2 /)
  const made = (await ask('/audit')).json.items.filter(({ action }) => action === 'token.created')
  t.match(made.slice(0, 2), [{ details: { perSecond: 500 } }, { details: { token: few.id, perSecond: 2 } }])
  t.match(await cli(t, ['tokens', 'create', '--scopes', 'read', '--limit=0'], { env }), {
    code: 1,
    stderr: /whole number from 1 to 1000000/
  })
})

t.test('a token is stored as a hash alone', async t => {
  const made = await token({ name: 'secret keeper' })
  const [row] = await host.database.sql`select * from api_tokens where name = 'secret keeper'`
  t.notMatch(JSON.stringify(row), made.slice(4))
})

t.test('tokens create refuses a scope that there is not, and a registration that there is not', async t => {
  const env = host.environment
  t.match(await cli(t, ['tokens', 'create', '--scopes', 'read,fly'], { env }), { code: 1, stderr: /fly is no scope/ })
  t.match(await cli(t, ['tokens', 'create', '--scopes', 'read', '--registration', '999999'], { env }), {
    code: 1,
    stderr: /There is no registration 999999/
  })
})
