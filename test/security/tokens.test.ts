import t from 'tap'
import { quoted } from '../../src/protocol/limits.ts'
import { claimsProblem, MAX_TOKEN_LENGTH, parseToken, peek } from '../../src/protocol/tokens.ts'
import { testCrm, testHost } from '../harness.ts'
import { ask, askJson, isEnvelope } from '../http/ask.ts'
import { testChannel } from '../http/channel.ts'
import { jws, keyOf, rsa, unsigned } from '../http/cluster.ts'
import { keptLog } from '../log.ts'

/** A token that nobody signed costs next to nothing, and a token shows no more than its right. */

const crm = await testCrm(t)
const { logTo, log } = keptLog()
const channel = testChannel({
  markdowns: { webhook: async (_lookup, { webhookUrl }) => webhookUrl, plain: async () => 'harmless' }
})
const host = await testHost(t, { channels: [{ channel, path: '/' }], env: { LOG_LEVEL: 'trace' }, logTo })
const plugin = await crm.register(host.url)
const key = keyOf(crm)
const header = { typ: 'JWT', alg: 'RS512', pkey: key.pkey }
const claims = { iss: crm.url, aud: host.url, ...plugin.reference }
const send = (request: string) => askJson(`${host.url}special/send`, 'POST', { request })
const SELF = 'https://self/'
const ISSUERS = { scheme: 'https', hostnames: ['a.com'] }
const MIB = 1024 * 1024

const HOSTILE = {
  lists: `{"aud":"x","x":[${'[],'.repeat(MIB - 100)}0]}`,
  maps: `{"x":[${'{"a":{}},'.repeat(300_000)}0],"aud":"x"}`,
  depth: `{"x":${'['.repeat(1_400_000)}${']'.repeat(1_400_000)},"aud":"x"}`,
  quotes: `{"x":"${'\\"'.repeat(1_400_000)}","aud":"x"}`,
  backslashes: `{"x":"${'\\\\'.repeat(1_400_000)}","aud":"x"}`,
  'a text without end': `{"aud":"x","x":"${'\\"'.repeat(1_400_000)}`,
  audience: `{"aud":"${'x'.repeat(2_900_000)}"}`,
  'an audience of lists': `{"aud":[${'[],'.repeat(900_000)}0]}`
}

for (const [what, json] of Object.entries(HOSTILE))
  t.test(`unsigned claims of ${what} cost little and are quoted briefly`, async t => {
    const token = jws(header, json, unsigned)
    const began = process.cpuUsage()
    const parsed = parseToken(token, 4 * MIB)
    const problem = parsed.ok ? claimsProblem(parsed.value, SELF, ISSUERS) : parsed.reason
    const { user, system } = process.cpuUsage(began)
    t.match(problem, /^Audience mismatched/)
    t.ok((problem ?? '').length < 300)
    t.ok(user + system < 400_000, `${user + system} us`)

    const logged = log().length
    const answer = await send(token)
    t.equal(answer.status, 403)
    t.ok(isEnvelope(answer))
    t.ok(answer.text.length < 400, answer.text.slice(0, 400))
    t.ok(log().length - logged < 5_000, `${log().length - logged} characters are logged`)
  })

t.test('a token of more than 64 KiB is refused but where it carries a message', async t => {
  const long = jws(
    header,
    { ...claims, settings: true, HPT: 'x', country: 'RU', currency: 'RUB', x: 'x'.repeat(50_000) },
    rsa(key)
  )
  t.ok(long.length > MAX_TOKEN_LENGTH)
  const answer = await askJson(`${host.url}registration`, 'PUT', { registration: long })
  t.match(answer.json, { code: 403, message: 'The token is too long' })
  t.equal((await askJson(`${host.url}registration`, 'PUT', { registration: long, x: 'x'.repeat(200_000) })).status, 413)
  t.equal((await ask(`${host.url}protected/data/settings`, { headers: { 'x-plugin-token': long } })).status, 431)
  const body = { chat: { contact: '1' }, message: { content: { text: 'x'.repeat(60_000), format: 'text' } } }
  t.match(await send(jws(header, { body, ...claims }, rsa(key))), { status: 202, text: '' })
})

t.test('what was judged before the signature of a large token has to be what was signed', async t => {
  const body = JSON.stringify({
    chat: { contact: '1' },
    message: { content: { text: 'x'.repeat(60_000), format: 'text' } }
  })
  const { iss, aud } = claims
  const rest = JSON.stringify(plugin.reference).slice(1, -1)
  const tokens = (json: string) => send(jws(header, json, rsa(key)))
  t.equal((await tokens(`{"aud":"x","iss":"${iss}","aud":"${aud}",${rest},"body":${body}}`)).status, 202)
  for (const json of [
    `{"aud":"${aud}","iss":"${iss}","\\u0061ud":"x",${rest},"body":${body}}`,
    `["aud","${aud}",{"iss":"${iss}"},${body}]`,
    `{"aud":"${aud}","iss":"${iss}",${rest},"body":${body}`
  ])
    t.equal((await tokens(json)).status, 403, json.slice(0, 120))
})

t.test('a glance at a map reads what a parser would', async t => {
  const maps = [
    { aud: 'a', iss: 'b' },
    { x: { aud: 'no' }, aud: 'quo"te\\', iss: 5 },
    { x: ['aud', 'no', { iss: 'no' }], y: 'aud', iss: '\u2028é', aud: null },
    { 'a\\': '\\"', aud: '}{][,:', iss: ['x'] },
    { __proto__: null, '"': ',"aud":"no"', aud: '' }
  ]
  for (const map of maps)
    for (const space of [0, 2]) {
      const json = JSON.stringify(map, null, space)
      const { aud, iss } = JSON.parse(json) as Record<string, unknown>
      const text = (value: unknown) => (value === undefined || typeof value === 'string' ? value : null)
      t.same(peek(json, ['aud', 'iss']), JSON.parse(JSON.stringify({ aud: text(aud), iss: text(iss) })))
    }
})

t.test('nothing of a stranger is quoted beyond 200 characters', async t => {
  for (const value of ['x'.repeat(10_000), { x: 'y'.repeat(10_000) }, '🙂'.repeat(500)]) {
    t.ok(quoted(value).length <= 200)
    t.ok(quoted(value).length > 190, 'what fits is quoted')
    t.ok(quoted(value).isWellFormed())
  }
  t.equal(quoted('x'.repeat(200)), 'x'.repeat(200))
})

t.test("the webhook's address is shown to tokens only that may change settings", async t => {
  const preview = async (name: string, settings: unknown) =>
    ask(`${host.url}protected/preview/markdown/${name}`, {
      headers: { 'x-plugin-token': jws(header, { ...claims, settings }, rsa(key)) }
    })
  t.match((await preview('webhook', true)).json, { markdown: /webhook/ })
  for (const settings of [false, undefined]) {
    const answer = await preview('webhook', settings)
    t.same(answer.json, { code: 403, message: 'Access to settings is not allowed' })
    t.same((await preview('plain', settings)).json, { markdown: 'harmless' })
  }
})
