import t from 'tap'
import { testHost } from '../harness.ts'
import { ask } from './ask.ts'
import { testCatalogues, testChannel } from './channel.ts'

const host = await testHost(t, {
  env: {
    LV_PLUGIN_DEFAULT_LANG: 'ru_RU',
    LV_PLUGIN_CONTACT_TYPE: 'uri',
    LV_PLUGIN_CAPABILITY_SUBJECT: '0',
    LV_PLUGIN_MESSAGE_FORMATS: 'html text',
    LV_PLUGIN_MESSAGE_INCOMING: '0',
    LV_PLUGIN_MESSAGE_OUTGOING: '1',
    LV_PLUGIN_MESSAGE_WRITE_FIRST: '0',
    LV_PLUGIN_ATTACHMENTS: 'image'
  }
})

t.test('info tells what the operator lets the channel do', async t => {
  const { status, headers, json } = await ask(`${host.url}info`)
  t.equal(status, 200)
  t.match(headers['content-type'], /^application\/json/)
  t.match(json, {
    type: 'CHAT',
    extra: {
      contactType: 'uri',
      capabilities: {
        subject: false,
        typing: false,
        messages: {
          formats: ['html', 'text'],
          incoming: false,
          outgoing: true,
          writeFirst: false,
          statuses: ['sent', 'delivered', 'read', 'error']
        },
        attachments: ['image']
      }
    },
    languages: { current: 'ru_RU', default: 'ru_RU' }
  })
  t.same(Object.keys(json as object), ['name', 'description', 'type', 'extra', 'languages', 'developer'])
})

t.test('every channel has its own info', async t => {
  const [echo, gallery] = await Promise.all([ask(`${host.url}info`), ask(`${host.at('form-gallery')}info`)])
  t.not((echo.json as { name: string }).name, (gallery.json as { name: string }).name)
})

t.test('info minds no query', async t => {
  t.equal((await ask(`${host.url}info?context=garbage&x[]=1`)).text, (await ask(`${host.url}info`)).text)
})

t.test('the icon is a PNG of 128 by 128 pixels with transparency', async t => {
  for (const channel of [host.url, host.at('form-gallery')]) {
    const response = await fetch(`${channel}icon.png`)
    const png = Buffer.from(await response.arrayBuffer())
    t.equal(response.headers.get('content-type'), 'image/png')
    t.same([...png.subarray(0, 8)], [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a], 'it is a PNG')
    t.equal(png.toString('latin1', 12, 16), 'IHDR')
    t.same([png.readUInt32BE(16), png.readUInt32BE(20)], [128, 128])
    t.ok([4, 6].includes(png[25] ?? 0), 'its colours have an alpha channel')
  }
})

t.test('robots are kept out', async t => {
  const { status, headers, text } = await ask(`${host.url}robots.txt`)
  t.equal(status, 200)
  t.match(headers['content-type'], /^text\/plain/)
  t.equal(text, 'User-agent: *\nDisallow: /')
})

t.test('the words of a channel follow the language of the request', async t => {
  const translations = await testCatalogues(t, {
    ru_RU: { info: { 'Example chat plugin': 'Пример', 'This plugin created only for demo purposes': '' } },
    de_DE: { info: { 'Example chat plugin': 'Beispiel' } },
    en_US: { info: { 'This plugin created only for demo purposes': 'For demos' } }
  })
  const host = await testHost(t, { channels: [{ channel: testChannel({ translations }), path: '/' }] })
  const info = async (language: string) =>
    (await ask(`${host.url}info`, { headers: { 'accept-language': language } })).json

  t.match(await info('ru-RU'), {
    name: 'Пример',
    description: 'For demos',
    languages: { current: 'ru_RU', default: 'en_US' }
  })
  t.match(await info('xx-XX,de_DE;q=0.5'), { name: 'Beispiel', languages: { current: 'de_DE' } })
  t.match(await info('ru'), { name: 'Example chat plugin', languages: { current: 'en_US' } })
  const { available } = ((await info('')) as { languages: { available: string[] } }).languages
  t.ok(['ru_RU', 'de_DE', 'en_US'].every(language => available.includes(language)))
  t.equal(new Set(available).size, available.length, 'each once')
})
