import { form, group, iframe, listOfEnum, markdown, multiline, optional, password, string } from 'channel-kit/form'
import t from 'tap'
import { jsonSchema } from '../../src/protocol/form.ts'
import { isTooDeep, quoted } from '../../src/protocol/limits.ts'
import { effectiveSettings } from '../../src/protocol/settings.ts'
import { settingsErrors } from '../../src/protocol/settings-errors.ts'
import { callUrl } from '../../src/protocol/special-request.ts'
import { testCrm, testHost } from '../harness.ts'
import { ask, isEnvelope } from '../http/ask.ts'
import { testChannel } from '../http/channel.ts'

/** The greatest length and count of what comes in, and what is said beyond it. */

const Settings = form(
  { title: 'Settings', button: 'Save' },
  {
    main: group(
      { title: 'Main' },
      {
        line: optional(string({ title: 'Line' })),
        short: optional(string({ title: 'Short', maxLength: 3 })),
        lines: optional(multiline({ title: 'Lines' })),
        mark: optional(markdown({ title: 'Markdown' })),
        secret: optional(password({ title: 'Secret' })),
        keys: optional(listOfEnum({ title: 'Keys', values: 'keys' })),
        page: optional(iframe({ title: 'Page', iframe: 'page' }))
      }
    )
  }
)

const crm = await testCrm(t)
const host = await testHost(t, {
  channels: [{ channel: testChannel({ settings: Settings }), path: '/' }],
  env: { LV_PLUGIN_ROLES: 'web' }
})
const plugin = await crm.register(host.url)

const say = (message: string, params: object = {}) => `${message} ${Object.values(params).join()}`.trim()
const content = { text: 'hello', format: 'text' }
const post = (message: object, chat: object = {}) => plugin.special({ chat: { contact: '+7999', ...chat }, message })
const repeated = (length: number) => 'x'.repeat(length)
const files = (count: number, changes: object = {}) =>
  Array.from({ length: count }, () => ({ name: 'a.png', uri: 'https://crm.example/a.png', type: 'image', ...changes }))

t.test('a message is taken up to every limit, and refused beyond it with words that name the limit', async t => {
  const doors: readonly [string, number, (length: number) => [object, object?]][] = [
    ['Chat contact is longer than 320 characters', 320, n => [{ content }, { contact: repeated(n) }]],
    ['Chat subject is longer than 998 characters', 998, n => [{ content }, { subject: repeated(n) }]],
    ['Chat id is longer than 512 characters', 512, n => [{ content }, { id: repeated(n) }]],
    ['Message id is longer than 512 characters', 512, n => [{ content, id: repeated(n) }]],
    ['Message text is longer than 65536 characters', 65_536, n => [{ content: { text: repeated(n), format: 'text' } }]],
    [
      'Message text is longer than 65536 characters',
      65_536,
      n => [{ content: { text: repeated(n), format: 'markdown' } }]
    ],
    [
      'Message text is longer than 524288 characters',
      524_288,
      n => [{ content: { text: repeated(n), format: 'html' } }]
    ],
    ['Message has more than 50 attachments', 50, n => [{ attachments: files(n) }]],
    ['Attachment name is longer than 255 characters', 255, n => [{ attachments: files(1, { name: repeated(n) }) }]],
    ['Attachment uri is longer than 8192 characters', 8_192, n => [{ attachments: files(1, { uri: repeated(n) }) }]]
  ]
  for (const [message, most, made] of doors) {
    t.equal((await post(...made(most))).status, 202, `${message}, at it`)
    const answer = await post(...made(most + 1))
    t.match(answer, { status: 405, json: { code: 405, message } })
  }
})

t.test('a text of blanks between two letters costs next to nothing', async t => {
  const before = process.cpuUsage()
  const answer = await post({ content: { text: `a${' '.repeat(65_534)}b`, format: 'text' } })
  t.equal(answer.status, 202)
  t.ok(process.cpuUsage(before).user < 1_000_000)
})

t.test('the address of a cluster may end with any number of slashes', async t => {
  const before = process.cpuUsage()
  t.equal(
    callUrl(`https://a.example/x${'/'.repeat(100_000)}y//?z`, '1', 'status').slice(-44),
    '/y/companies/1/CRM/plugin/chat/status'.padStart(44, '/')
  )
  t.ok(process.cpuUsage(before).user < 500_000)
})

t.test('a field that names no limit has one when it is saved', async t => {
  const at = { line: repeated(2_048), lines: repeated(65_536), mark: repeated(65_536), secret: repeated(16_384) }
  t.same(settingsErrors(Settings, { main: at }, say), {})
  const beyond = Object.fromEntries(Object.entries({ short: 'abc', ...at }).map(([name, text]) => [name, `${text}x`]))
  const errors = settingsErrors(Settings, { main: beyond }, say).main
  const told = (limit: number) => [`Should have at most {limit} characters ${limit}`]
  t.same(errors, {
    short: told(3),
    line: told(2_048),
    lines: told(65_536),
    mark: told(65_536),
    secret: told(16_384)
  })
})

t.test('a list has at most 500 keys of at most 512 characters, each once, and is judged in linear time', async t => {
  const judged = (keys: readonly string[]) => settingsErrors(Settings, { main: { keys } }, say).main?.keys
  const many = (count: number) => Array.from({ length: count }, (_, index) => `k${index}`)
  t.equal(judged(many(500)), undefined)
  t.same(judged(['a', 'a']), ['Choose each only once'])
  t.same(judged([repeated(513)]), ['Should have at most {limit} characters 512'])
  const before = process.cpuUsage()
  t.same(judged(Array(200_000).fill('same')), ['Choose at most {limit} 500'])
  effectiveSettings(Settings, { main: { keys: Array(200_000).fill('same') } })
  t.ok(process.cpuUsage(before).user < 1_000_000)
})

t.test('what was saved before there were limits still works', async t => {
  const saved = { main: { line: repeated(5_000), secret: repeated(20_000), keys: Array(600).fill('same') } }
  t.same(effectiveSettings(Settings, saved), saved)
})

t.test('the JSON Schema of a form tells the limits', async t => {
  const { properties } = jsonSchema(Settings, message => message)
  t.match(properties.main?.properties, {
    line: { maxLength: 2_048 },
    short: { maxLength: 3 },
    lines: { maxLength: 65_536 },
    keys: { maxItems: 500, uniqueItems: true }
  })
})

t.test('settings of more than 256 KiB are refused unread', async t => {
  const answer = await plugin.saveSettings({ main: { page: repeated(256 * 1024) } })
  t.match(answer, { status: 413 })
  t.ok(isEnvelope(answer))
})

t.test('JSON is nested 32 times at most, in a body and in a query', async t => {
  const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`
  t.notOk(isTooDeep(nested(32)))
  t.notOk(isTooDeep(JSON.stringify(`\\"${'['.repeat(100)}`)), 'a text is not nested')
  for (const type of ['application/json', 'application/vnd.api+json']) {
    const body = `{"request":${nested(1_000_000)}}`
    const answer = await ask(`${host.url}special/send`, { method: 'POST', headers: { 'content-type': type }, body })
    t.match(answer, { status: 400, json: { code: 400, message: 'JSON may be nested at most 32 times' } })
  }
  const path = `protected/forms/settings?context=${nested(33)}`
  t.match(await plugin.ask({ method: 'GET', path }), { status: 400 })
})

t.test('fields beyond 500, or nested in more than 3 levels, are refused and not dropped', async t => {
  const message = 'Fields may be at most 500, nested in at most 3 levels'
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  for (const fields of [Array(501).fill('a=1').join('&'), 'a[b][c][d][e]=1']) {
    const answer = await ask(`${host.url}special/send`, { method: 'POST', headers, body: fields })
    t.match(answer, { status: 400, json: { code: 400, message } })
    t.match(await ask(`${host.url}info?${fields}`), { status: 400, json: { code: 400, message } })
  }
  t.equal((await ask(`${host.url}info?${Array(500).fill('a=1').join('&')}`)).status, 200)
})

t.test('what is quoted has at most 200 characters', async t => {
  t.equal(quoted(repeated(200)), repeated(200))
  t.equal(quoted(repeated(201)), `${repeated(199)}…`)
  t.equal(quoted('😀'.repeat(200)), `${'😀'.repeat(99)}…`, 'no half characters')
  for (const asked of [
    ask(`${host.url}special/send`, { method: 'POST', headers: { 'content-type': `x/${repeated(5_000)}` }, body: 'x' }),
    ask(`${host.url}${repeated(5_000)}%ff`)
  ]) {
    const answer = await asked
    t.ok(answer.text.length < 400, answer.text.slice(0, 60))
    t.ok(isEnvelope(answer))
  }
})
