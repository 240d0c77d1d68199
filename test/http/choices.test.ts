import type { LookupTools, Search } from 'channel-kit/channel'
import { form, group, listOfEnum, optional, password, string } from 'channel-kit/form'
import { Unanswered } from 'channel-kit/unanswered'
import t from 'tap'
import { testCrm, testHost } from '../harness.ts'
import { testChannel } from './channel.ts'

/** Chosen keys of lists whose choices an autocomplete finds. */

const Settings = form(
  { title: 'Settings', button: 'Save' },
  {
    account: group(
      { title: 'Account', dependencies: { route: ['service', 'note'] } },
      {
        key: password({ title: 'Key' }),
        service: optional(
          listOfEnum({
            title: 'Service',
            values: { sms: { title: 'SMS', group: 'S' }, mail: { title: 'Mail', group: 'S' } },
            default: ['sms']
          })
        ),
        note: optional(string({ title: 'Note' })),
        route: optional(listOfEnum({ title: 'Route', values: 'routes', context: { of: 'route' } }))
      }
    ),
    more: group(
      { title: 'More' },
      {
        first: optional(listOfEnum({ title: 'First', values: 'tags' })),
        second: optional(listOfEnum({ title: 'Second', values: 'tags' })),
        nobody: optional(listOfEnum({ title: 'Nobody', values: 'none' }))
      }
    )
  }
)

const UNKNOWN = ['Is not one of the choices']
const AWAY = 'The choices cannot be looked up now. Leave what was saved before, or try again later'

let away: (() => Promise<never>) | undefined
const asked: { name: string; search: Search; settings: unknown }[] = []

/** An autocomplete that knows these keys, whatever it is asked. */
const answering =
  (name: string, known: readonly string[]) => async (search: Search, tools: Pick<LookupTools, 'settings'>) => {
    asked.push({ name, search, settings: tools.settings })
    if (away) return away()
    return Object.fromEntries(known.map(key => [key, { title: key, group: 'G' }]))
  }

const channel = testChannel({
  settings: Settings,
  autocompletes: { routes: answering('routes', ['r1', 'r2']), tags: answering('tags', ['a', 'b', 'c']) },
  check: async ({ settings, translate }) =>
    (settings as { account: { note?: string } }).account.note === 'refused'
      ? { 'account.note': [translate('settings', 'No')], 'account.route': ['No such route'] }
      : {}
})
const crm = await testCrm(t)
const host = await testHost(t, { channels: [{ channel, path: '/' }] })
const fresh = async () => {
  away = undefined
  asked.length = 0
  return crm.register(host.url)
}

t.test('a key that nobody offers is refused at its field, in every list', async t => {
  const plugin = await fresh()
  const wrong = { account: { key: 'k', route: ['r1', 'r9'] }, more: { first: ['a'], second: ['b', 'z'] } }
  const answer = await plugin.saveSettings(wrong)
  t.equal(answer.status, 400)
  t.same(answer.json, { account: { route: UNKNOWN }, more: { second: UNKNOWN } })
  t.same((await plugin.settings()).json, { account: { key: false } }, 'nothing was saved')
  t.match(await plugin.speaking('sk_SK').saveSettings(wrong), { json: { account: { route: [/^(?!Is not)/] } } })

  for (const key of ['constructor', '__proto__', 'toString', ''])
    t.match(
      await plugin.saveSettings({ ...wrong, more: { first: [key] } }),
      { status: 400, json: { more: { first: UNKNOWN } } },
      key
    )
  const right = { account: { key: 'k', route: ['r1'] }, more: { first: ['a'], second: [], nobody: ['x'] } }
  t.equal((await plugin.saveSettings(right)).status, 200)
})

t.test('an autocomplete is asked for the keys, with what is about to be saved, once for the same question', async t => {
  const plugin = await fresh()
  await plugin.saveSettings({
    account: { key: 'k', note: 'n', route: ['r1'] },
    more: { first: ['a', 'b'], second: ['b', 'c'] }
  })
  t.match(
    asked.toSorted((one, other) => one.name.localeCompare(other.name)),
    [
      {
        name: 'routes',
        search: { keys: ['r1'], dep: [['sms'], 'n'], context: { of: 'route' } },
        settings: { account: { key: 'k', note: 'n', service: ['sms'] } }
      },
      { name: 'tags', search: { keys: ['a', 'b', 'c'], dep: [], context: [] } }
    ]
  )
  t.equal(asked.length, 2)
  asked.length = 0
  await plugin.saveSettings({ account: { key: 'k' }, more: { first: [], second: null } })
  await plugin.saveSettings({ account: { key: '', route: ['r9'] } })
  t.same(asked, [], 'nothing chosen, or wrong already: nothing is asked')
})

t.test('what cannot be looked up is saved where it was before, and refused where it is new', async t => {
  const plugin = await fresh()
  const saved = { account: { key: 'k', route: ['r1', 'r2'] }, more: { first: ['a'] } }
  t.equal((await plugin.saveSettings(saved)).status, 200)
  for (const [how, why] of [
    [async () => Promise.reject(new Unanswered('HTTP 503')), ['HTTP 503']],
    [async () => Promise.reject(new Error('words of the code')), []],
    [async () => null as never, []],
    [async () => 'text' as never, []]
  ] as const) {
    away = how
    t.same(
      (await plugin.saveSettings({ ...saved, more: { first: ['a', 'b'] } })).json,
      { more: { first: [AWAY, ...why] } },
      'a new one'
    )
    t.equal((await plugin.saveSettings(saved)).status, 200, 'what was there')
  }
  away = async () => Promise.reject(new Unanswered(''))
  t.equal(
    (await plugin.saveSettings({ ...saved, account: { key: 'new', route: ['r2'] } })).status,
    200,
    'fewer, and a new secret'
  )
  t.match(
    await plugin.saveSettings({ ...saved, account: { service: ['mail'], route: ['r2'] } }),
    { status: 400, json: { account: { route: [AWAY] } } },
    'a choice among others is new'
  )
  t.match(await plugin.speaking('sk_SK').saveSettings({ ...saved, more: { first: ['b'] } }), {
    json: { more: { first: [/^Možnosti sa teraz nedajú zistiť/] } }
  })
})

t.test('whoever looks for something finds nothing while nobody can say', async t => {
  const plugin = await fresh()
  away = async () => Promise.reject(new Unanswered('HTTP 503'))
  t.match(await plugin.autocomplete('routes', { query: 'r' }), { status: 200, json: [] })
  away = async () => Promise.reject(new Error('broken'))
  t.match(await plugin.autocomplete('routes', { query: 'r' }), { status: 500 })
})

t.test('what the channel objects to is told with it, and of one field instead of it', async t => {
  const plugin = await fresh()
  const answer = await plugin.saveSettings({
    account: { key: 'k', note: 'refused', route: ['r9'] },
    more: { first: ['z'] }
  })
  t.equal(answer.status, 400)
  t.same(answer.json, { account: { note: ['No'], route: ['No such route'] }, more: { first: UNKNOWN } })
})

t.test('an autocomplete that takes too long keeps nobody waiting', async t => {
  const plugin = await fresh()
  away = () => new Promise<never>(() => {})
  const began = Date.now()
  t.same((await plugin.saveSettings({ account: { key: 'k', route: ['r1'] }, more: { first: ['a'] } })).json, {
    account: { route: [AWAY] },
    more: { first: [AWAY] }
  })
  t.ok(Date.now() - began < 14_000)
})

t.test('the choices of the gallery are those that it has', async t => {
  const gallery = await crm.register((await testHost(t)).at('form-gallery'))
  const main = { string: 'x', integer: 1, boolean: true, password: 'p' }
  const save = (dynamic: readonly string[]) => gallery.saveSettings({ main, lists: { static: ['one'], dynamic } })
  t.match(await save(['new', 'packed']), { status: 200 })
  t.match(await save(['new', 'nowhere']), { status: 400, json: { lists: { dynamic: UNKNOWN } } })
})
