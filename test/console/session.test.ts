import t from 'tap'
import { apiHost, CONSOLE_TOKEN } from '../api/ask.ts'
import { testHost } from '../harness.ts'
import { login, send } from './login.ts'

/** The session of the console: what opens it, what it opens, and what ends it. */

t.test('without CONSOLE_TOKEN there is no console', async t => {
  const host = await testHost(t)
  for (const path of ['console', 'console/', 'console/page/main.ts', 'console/api/session'])
    t.equal((await send(`${host.url}${path}`)).status, 404, path)
})

t.test('the right token opens a session, whose cookie scripts, other sites and other paths never get', async t => {
  const { host } = await apiHost(t)
  const opened = await login(host.url)
  t.equal(opened.status, 200)
  t.match(opened.json, { name: 'console', registration: null })
  t.match(opened.set, /^cph_console=[A-Za-z0-9_-]{43}; .*Path=\/; .*HttpOnly; SameSite=Strict$/i)
  t.notMatch(opened.set, CONSOLE_TOKEN)
  t.notMatch(opened.set, /Secure/)
  t.equal(opened.headers.get('cache-control'), 'no-store')
  const expires = Date.parse(/Expires=([^;]+)/.exec(opened.set)?.[1] ?? '')
  t.ok(Math.abs(expires - Date.now() - 12 * 3_600_000) < 60_000, 'for 12 hours')

  const [row] = await host.database.sql`select * from console_sessions`
  t.notMatch(JSON.stringify(row), opened.cookie.split('=')[1], 'the database does not have it')
})

t.test('behind TLS the cookie is for TLS alone, and below a path for that path', async t => {
  const { host } = await apiHost(t, { env: { LV_PLUGIN_SELF_URI: 'https://chat.example/host/' } })
  const at = `http://127.0.0.1:${host.config.listen.port}/host/`
  const headers = { origin: 'https://chat.example' }
  const opened = await send(`${at}console/api/session`, { method: 'POST', body: { token: CONSOLE_TOKEN }, headers })
  t.equal(opened.status, 200)
  t.match(opened.headers.get('set-cookie'), /Path=\/host; .*Secure/)
})

t.test('the session opens the API for requests of pages of the host, and for no others', async t => {
  const { host } = await apiHost(t)
  const { cookie, origin } = await login(host.url)
  const registrations = `${host.url}api/v1/registrations`
  const tokens = `${host.url}api/v1/messages/cancel`
  const body = { filter: {}, dryRun: true }
  t.equal((await send(registrations)).status, 401, 'without the cookie')
  t.equal((await send(registrations, { cookie })).status, 200)
  t.equal((await send(registrations, { cookie, headers: { 'sec-fetch-site': 'same-origin' } })).status, 200)
  t.equal((await send(tokens, { method: 'POST', body, cookie, headers: { origin } })).status, 200)

  const foreign = [
    {},
    { origin: 'null' },
    { origin: 'https://evil.example' },
    { origin: `${origin}.evil.example` },
    { origin: origin.replace('127.0.0.1', '127.0.0.1@evil.example') },
    { origin: `${origin}/` },
    { origin, 'sec-fetch-site': 'cross-site' },
    { origin, 'sec-fetch-site': 'same-site' }
  ]
  for (const headers of foreign) {
    const refused = await send(tokens, { method: 'POST', body, cookie, headers: headers as Record<string, string> })
    t.equal(refused.status, 403, JSON.stringify(headers))
    t.match(refused.json, { code: 403, message: /own pages/ })
  }
  for (const headers of [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }])
    t.equal((await send(registrations, { cookie, headers: headers as Record<string, string> })).status, 403)

  const bearer = { authorization: `Bearer ${CONSOLE_TOKEN}`, origin: 'https://client.example' }
  t.equal((await send(tokens, { method: 'POST', body, headers: bearer })).status, 200, 'a token needs no origin')
  const wrong = { authorization: 'Bearer wrong', origin }
  t.equal((await send(registrations, { cookie, headers: wrong })).status, 401, 'no session helps a wrong token')
})

t.test('login from another site is refused, whatever the token', async t => {
  const { host } = await apiHost(t)
  for (const headers of [{}, { origin: 'https://evil.example' }, { origin: 'null' }]) {
    const refused = await send(`${host.url}console/api/session`, {
      method: 'POST',
      body: { token: CONSOLE_TOKEN },
      headers: headers as Record<string, string>
    })
    t.equal(refused.status, 403)
    t.equal(refused.headers.get('set-cookie'), null)
  }
})

t.test('wrong tokens are refused, and after more than ten a minute none is looked at from there', async t => {
  const { host } = await apiHost(t)
  for (let n = 0; n <= 10; n += 1) t.equal((await login(host.url, { token: `wrong-${n}` })).status, 401)
  const limited = await login(host.url, { token: 'wrong-again' })
  t.equal(limited.status, 429)
  t.match(limited.headers.get('retry-after'), /^[1-9]\d?$/)
  t.equal((await login(host.url)).status, 429, 'nor is the right one')
  for (const token of ['', 'x'.repeat(513), 'with space'])
    t.equal((await login(host.url, { token })).status, 400, 'what is no token is not valid')
})

t.test('each login makes another session, adopts none that was planted, and ends the one before', async t => {
  const { host } = await apiHost(t)
  const registrations = `${host.url}api/v1/registrations`
  const planted = `cph_console=${'A'.repeat(43)}`
  const first = await login(host.url, { cookie: planted })
  t.not(first.cookie, planted)
  t.equal((await send(registrations, { cookie: planted })).status, 401)
  const second = await login(host.url, { cookie: first.cookie })
  t.not(second.cookie, first.cookie)
  t.equal((await send(registrations, { cookie: first.cookie })).status, 401)
  t.equal((await send(registrations, { cookie: second.cookie })).status, 200)
})

t.test('a session ends by logout, by its time, and with another CONSOLE_TOKEN', async t => {
  const { host } = await apiHost(t)
  const session = `${host.url}console/api/session`
  const opens = async (cookie: string, at = host.url) =>
    (await send(`${at}api/v1/registrations`, { cookie })).status === 200

  const out = await login(host.url)
  t.match((await send(session, { cookie: out.cookie })).json, { name: 'console' })
  const left = await send(session, { method: 'DELETE', cookie: out.cookie, headers: { origin: out.origin } })
  t.equal(left.status, 204)
  t.match(left.headers.get('set-cookie'), /^cph_console=; /)
  t.notOk(await opens(out.cookie), 'after the logout')
  t.equal((await send(session, { cookie: out.cookie })).status, 401)

  const late = await login(host.url)
  t.ok(await opens(late.cookie))
  await host.database.sql`update console_sessions set expires_at = now() - interval '1 second'`
  t.notOk(await opens(late.cookie), 'after its time')

  const kept = await login(host.url)
  const { DATABASE_URL } = host.environment
  const same = await apiHost(t, { env: { DATABASE_URL } })
  t.ok(await opens(kept.cookie, same.host.url), 'another host of the same database knows it')
  const other = await testHost(t, { env: { DATABASE_URL, CONSOLE_TOKEN: `${CONSOLE_TOKEN}-another` } })
  t.notOk(await opens(kept.cookie, other.url))
})

t.test('a session of an API token has its rights, and ends with it', async t => {
  const { host, token } = await apiHost(t)
  const { cookie, origin, json } = await login(host.url, { token: await token({ name: 'night shift' }) })
  t.match(json, { name: 'night shift', scopes: ['read'] })
  t.equal((await send(`${host.url}api/v1/registrations`, { cookie })).status, 200)
  const refused = await send(`${host.url}api/v1/messages/cancel`, {
    method: 'POST',
    body: { filter: {}, dryRun: true },
    cookie,
    headers: { origin }
  })
  t.equal(refused.status, 403)
  t.match(refused.json.message, /scope/)
  const [opened] = await host.database.sql`select actor from audit where action = 'console.opened'`
  t.match(opened?.actor, /night shift/)
  await host.database.sql`update api_tokens set revoked_at = now()`
  t.equal((await send(`${host.url}api/v1/registrations`, { cookie })).status, 401)
})

t.test('pages may load nothing of others, run nothing inline, and be framed by nobody', async t => {
  const { host } = await apiHost(t)
  const page = await send(`${host.url}console/`)
  const policy = page.headers.get('content-security-policy') ?? ''
  t.match(policy, /default-src 'none'/)
  t.match(policy, /frame-ancestors 'none'/)
  t.match(policy, /script-src 'self' 'sha256-[^']+'(;|$)/)
  t.notMatch(policy, /unsafe|https?:|\*/)
  t.equal(page.headers.get('x-frame-options'), 'DENY')
  t.notMatch(page.text, /(src|href)="(https?:|\/)/, 'every address is relative')

  const bare = await send(`${host.url}console`)
  t.equal(bare.status, 302)
  t.equal(new URL(bare.headers.get('location') ?? '', `${host.url}console`).href, `${host.url}console/`)
  const secrets = [
    'page/../../console.ts',
    'page/%2e%2e/console.ts',
    'page/tsconfig.json',
    'lib/../../package.json',
    'lib/constructor'
  ]
  for (const path of secrets) t.equal((await send(`${host.url}console/${path}`)).status, 404, path)
  const script = await send(`${host.url}console/page/main.ts`)
  t.match(script.headers.get('content-type'), /javascript/)
  const etag = script.headers.get('etag') as string
  t.equal((await send(`${host.url}console/page/main.ts`, { headers: { 'if-none-match': etag } })).status, 304)
})
