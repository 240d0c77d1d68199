import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Channel } from 'channel-kit/channel'
import { form, group } from 'channel-kit/form'
import { bareChannel } from 'channel-kit/testing'
import t, { type Test } from 'tap'
import { Type } from 'typebox'
import { importChannel, loadChannels, mountChannel } from '../../src/channels/load.ts'
import { readConfig } from '../../src/config.ts'
import { testFolder } from '../harness.ts'
import { scripted, taken } from '../scripted-channel.ts'

/** Errors that stop a start, whose messages name the channel at fault. */

t.test('a channel is loaded by the name of its package, short or whole', async t => {
  const [short, whole] = [await load('echo=/a'), await load('channel-echo')]
  t.match(short, [{ channel: { name: 'echo' }, path: '/a/', selfUri: 'http://127.0.0.1:3000/a/' }])
  t.match(whole, [{ channel: { name: 'echo' }, path: '/echo/', selfUri: 'http://127.0.0.1:3000/echo/' }])
  t.equal(short[0]?.channel.send, whole[0]?.channel.send)
})

t.test('a channel that is no package is loaded by its path', async t => {
  const file = await moduleFile(
    t,
    `export { default } from '${new URL('../../plugins/echo/src/channel.ts', import.meta.url)}'`
  )
  t.match(await load(`${file}=/own`), [{ channel: { name: 'echo' }, path: '/own/' }])
})

t.test('below a host that has a path itself, channels have theirs', async t => {
  const mounted = await load('echo=/ form-gallery', { LV_PLUGIN_SELF_URI: 'https://example.com/chat' })
  t.same(
    mounted.map(({ selfUri }) => selfUri),
    ['https://example.com/chat/', 'https://example.com/chat/form-gallery/']
  )
})

t.test('a channel that is not installed stops the start', async t => {
  await t.rejects(load('echo nowhere=/x'), {
    message: 'The channel "nowhere" is not installed: there is no package "channel-nowhere" or "nowhere"'
  })
})

t.test('a package that throws, is no channel or is broken stops the start', async t => {
  for (const [text, reason] of [
    [`throw new Error('no such thing today')`, /no such thing today/],
    [`import 'nowhere-to-be-found'`, /nowhere-to-be-found/],
    ['export const =', /Unexpected token/],
    ['export const channel = {}', /it has no default export, which should be defineChannel/],
    ['export default {}', /its (name must be|default export is)/],
    ['export default "echo"', /its (name must be|default export is)/]
  ] as const) {
    const file = await moduleFile(t, text)
    const error = await load(`${file}=/own`).then(
      () => undefined,
      (error: Error) => error
    )
    t.match(error?.message, reason, text)
    t.match(error?.message, new RegExp(file), 'and is named')
  }
  await t.rejects(load('/nowhere/channel.ts=/own'), { message: /"\/nowhere\/channel\.ts".*cannot be loaded/ })
})

t.test('a channel with two mounts, or two channels at one path, stop the start', async t => {
  await t.rejects(load('echo=/a echo=/b'), { message: 'LV_PLUGIN_CHANNELS has the name "echo" twice' })
  await t.rejects(load('echo=/a form-gallery=/a/'), { message: 'LV_PLUGIN_CHANNELS has the path "/a/" twice' })
})

t.test('a channel that lacks something stops the start and says what', async t => {
  const nobody = { ...bareChannel.info.developer, hostname: '' }
  const unmade = Type.Object({ main: Type.Object({ word: Type.String({ title: 'Word' }) }) })
  for (const [wrong, reason] of [
    [{ send: undefined }, 'it has no send()'],
    [{ capabilities: undefined }, 'it has no capabilities()'],
    [{ info: undefined }, 'its info has no name or no description'],
    [{ info: { ...bareChannel.info, name: ' ' } }, 'its info has no name or no description'],
    [{ info: { ...bareChannel.info, developer: nobody } }, 'the hostname of its developer is none'],
    [{ settings: undefined }, 'it has no settings'],
    [{ settings: unmade }, 'settings are not made with form()'],
    [
      { settings: form({ title: 'S', button: 'B' }, { main: unmade.properties.main }) },
      'group "main" is not made with group()'
    ],
    [
      { settings: form({ title: 'S', button: 'B' }, { main: group({ title: 'M' }, { word: Type.String() }) }) },
      'field "main.word" is not made with a builder of the kit'
    ]
  ] as const)
    await t.rejects(mount(wrong), { message: `The channel "bare" cannot be mounted: ${reason}` }, reason)

  for (const part of ['options', 'icon', 'translations'] as const)
    await t.rejects(mount({ [part]: undefined }), { message: /The channel "bare"/ }, part)
})

t.test('a channel is told by a name that can stand in a path and in a variable', async t => {
  for (const name of ['', 'Echo', 'my_channel', 'a/b', 'ё', 'a b', undefined])
    await t.rejects(
      mount({ name }),
      { message: `The channel "${name}" cannot be mounted: its name must be of lower-case letters, digits and dashes` },
      String(name)
    )
})

t.test('an option is read from its variable, and a wrong one stops the start', async t => {
  const options = Type.Object({
    apiVersion: Type.String({ default: 'v20.0', pattern: '^v\\d+\\.0$', description: 'Version of the API' }),
    perSecond: Type.Integer({ default: 80, minimum: 1, description: 'Messages a second' }),
    place: Type.String({ env: 'SOME_PLACE', description: 'Where it is' }),
    note: Type.Optional(Type.String({ description: 'Whatever' }))
  })
  const channel = { name: 'my-sms', options }
  t.same((await mount(channel, { SOME_PLACE: 'here' })).options, { apiVersion: 'v20.0', perSecond: 80, place: 'here' })
  t.same(
    (
      await mount(channel, {
        SOME_PLACE: 'here',
        CHANNEL_MY_SMS_API_VERSION: 'v21.0',
        CHANNEL_MY_SMS_PER_SECOND: '5',
        CHANNEL_MY_SMS_NOTE: 'x'
      })
    ).options,
    { apiVersion: 'v21.0', perSecond: 5, place: 'here', note: 'x' }
  )
  await t.rejects(mount(channel, { CHANNEL_MY_SMS_API_VERSION: '21', CHANNEL_MY_SMS_PER_SECOND: 'many' }), {
    message: new RegExp(
      [
        'Cannot start, an option of the channel "my-sms" is wrong:',
        'CHANNEL_MY_SMS_API_VERSION is "21": Version of the API, must .+',
        'CHANNEL_MY_SMS_PER_SECOND is "many": Messages a second, must .+',
        'SOME_PLACE is missing: Where it is, must .+'
      ].join('\n *')
    )
  })
})

t.test('a channel without an icon, or with a catalogue that cannot be read, stops the start', async t => {
  const folder = await testFolder(t)
  const at = (name: string) => pathToFileURL(join(folder, name))
  await t.rejects(mount({ icon: at('icon.png') }), { message: `The channel "bare" has no icon at ${at('icon.png')}` })
  await t.rejects(mount({ translations: at('nowhere/') }), { message: /The channel "bare"/ })

  await mkdir(join(folder, 'texts'))
  await writeFile(join(folder, 'texts', 'ru_RU.json'), '{"settings": ')
  await t.rejects(mount({ translations: at('texts') }), { message: /ru_RU\.json cannot be read: / })
})

function load(channels: string, env: NodeJS.ProcessEnv = {}) {
  return loadChannels(readConfig({ LV_PLUGIN_CHANNELS: channels, ...env }))
}

function mount(change: object, env: NodeJS.ProcessEnv = {}) {
  return mountChannel({ ...bareChannel, ...change } as Channel, undefined, 'http://127.0.0.1:3000/', env)
}

async function moduleFile(t: Test, text: string): Promise<string> {
  const file = join(await testFolder(t), 'channel.mjs')
  await writeFile(file, text)
  return file
}

t.test(
  'a package may have several channels, each an export, and a channel with lots has all of their verbs',
  async t => {
    t.equal((await importChannel('bpmessage')).name, 'bpmessage')
    t.equal((await importChannel('bpmessage-email')).name, 'bpmessage-email')
    await t.rejects(importChannel('bpmessage-fax'), /there is no package "channel-bpmessage-fax"/)

    const lots = { limits: () => ({}), prepare: async () => ({ kind: 'alone' }) }
    const { channel } = scripted(taken, { lots } as never)
    await t.rejects(
      mountChannel(channel, '/', 'http://127.0.0.1/', {}),
      /its lots have not all of limits, prepare, open/
    )
  }
)

t.test('a channel at a path of the host itself is refused', async t => {
  const env = {}
  for (const path of ['/api/', '/api/v1/', '/console/'])
    await t.rejects(mountChannel(bareChannel, path, 'https://host.test/', env), {
      message: `The channel "bare" cannot be mounted at ${path}: /api/ and /console/ are the host's own`
    })
  t.equal((await mountChannel(bareChannel, '/apis/', 'https://host.test/', env)).path, '/apis/')
})
