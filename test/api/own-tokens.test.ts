import t from 'tap'
import { apiHost } from './ask.ts'

/** Tokens that clients give to others. */

interface Made {
  id: number
  token: string
  scopes: string[]
  registration: number | null
  expiresAt: string | null
  perSecond: number | null
  revokedAt: string | null
}

const { host, ask, token, crm } = await apiHost(t)
await crm.register(host.url)
await crm.register(host.url)
const make = async (body: object, by?: string) => {
  const { status, json } = await ask('/tokens', { body, ...(by ? { token: by } : {}) })
  return { status, json: json as unknown as Made }
}
const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString()

t.test('a token is made, shown once, opens what it says, is listed without itself, and is revoked', async t => {
  const { status, json } = await make({ name: 'bot', scopes: ['operate', 'read'], registration: 1, perSecond: 5 })
  t.match(
    { status, json },
    { status: 200, json: { name: 'bot', scopes: ['read', 'operate'], registration: 1, perSecond: 5 } }
  )
  t.equal((await ask('/registrations', { token: json.token })).status, 200)
  t.equal((await ask('/registrations/2', { token: json.token })).status, 403)
  const list = await ask('/tokens')
  t.match(list.json.items, [{ id: json.id, name: 'bot', revokedAt: null }])
  t.notMatch(JSON.stringify(list.json), json.token)
  const gone = await ask(`/tokens/${json.id}`, { method: 'DELETE' })
  t.match(gone.json, { id: json.id, revokedAt: /Z$/ })
  t.equal((await ask('/registrations', { token: json.token })).status, 401)
  t.equal((await ask(`/tokens/${json.id}`, { method: 'DELETE' })).status, 200)
  t.match(
    (await ask('/audit')).json.items.map(({ action }) => action),
    ['token.revoked', 'token.created']
  )
  t.equal((await ask('/tokens/99', { method: 'DELETE' })).status, 404)
})

t.test('nobody gives more than they have: scopes, registrations, time and rate', async t => {
  const expiresAt = new Date(Date.now() + 86_400_000)
  const by = await token({ scopes: ['read', 'operate'], registrationId: 1, expiresAt, perSecond: 10 })
  for (const [body, status] of [
    [{ scopes: ['send'] }, 403],
    [{ scopes: ['read', 'events'] }, 403],
    [{ scopes: ['read'], registration: 2 }, 403],
    [{ scopes: ['read'], expiresAt: inDays(2) }, 400],
    [{ scopes: ['read'], expiresAt: inDays(-1) }, 400],
    [{ scopes: ['read'], perSecond: 11 }, 400],
    [{ scopes: [] }, 400],
    [{ scopes: ['all'] }, 400]
  ] as const)
    t.equal((await make({ name: 'more', ...body }, by)).status, status, JSON.stringify(body))
  const { json } = await make({ name: 'less', scopes: ['read'] }, by)
  t.match(json, { registration: 1, expiresAt: expiresAt.toISOString(), perSecond: 10 })
  t.match((await make({ name: 'shorter', scopes: ['read'], expiresAt: inDays(0.5) }, by)).status, 200)
  t.match(await make({ name: 'nowhere', scopes: ['read'], registration: 99 }), { status: 404 })
})

t.test('a token of one registration sees and revokes those of its registration only', async t => {
  const by = await token({ scopes: ['operate'], registrationId: 2 })
  const { json: theirs } = await make({ name: 'theirs', scopes: ['read'], registration: 1 })
  const { json: all } = await make({ name: 'all', scopes: ['read'] })
  const { json: own } = await make({ name: 'own', scopes: ['operate'] }, by)
  const seen = (await ask('/tokens', { token: by })).json.items as unknown as Made[]
  t.ok(seen.every(({ registration }) => registration === 2) && seen.some(({ id }) => id === own.id))
  for (const { id } of [theirs, all]) t.equal((await ask(`/tokens/${id}`, { method: 'DELETE', token: by })).status, 403)
  t.equal((await ask(`/tokens/${own.id}`, { method: 'DELETE', token: by })).status, 200)
  t.equal((await ask('/tokens', { token: await token() })).status, 403)
})
