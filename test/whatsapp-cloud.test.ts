import type { Attachment } from 'channel-kit/chat'
import t from 'tap'
import { type testCrm, until } from './harness.ts'
import { connected } from './whatsapp.ts'

const CUSTOMER = '421900111222'
const PICTURE = Buffer.from('89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489', 'hex')

t.test('a message leaves by WhatsApp, and its statuses and the answer come back', async t => {
  const { crm, plugin, gateway } = await connected(t)
  const { message } = await plugin.send({ contact: CUSTOMER, content: { text: '**Hi**', format: 'markdown' } })
  await crm.waitFor(event => event.type === 'status' && event.status === 'delivered')
  await gateway.report('read')
  await crm.waitFor(event => event.type === 'status' && event.status === 'read')
  t.same(plugin.statuses(message.id), ['sent', 'delivered', 'read'])
  t.match(gateway.received(), [{ contact: CUSTOMER, text: '*Hi*' }])

  await gateway.write(CUSTOMER, { text: 'Čau 😀 a/b' })
  const answer = await crm.waitFor(event => event.type === 'incoming')
  t.match(answer, { contact: CUSTOMER, message: { content: { text: 'Čau 😀 a/b', format: 'text' } } })
})

t.test('a webhook that comes twice, late and in the wrong order is one message and one way', async t => {
  const { crm, plugin, gateway } = await connected(t)
  gateway.webhooks.hold()
  const { message } = await plugin.send({ contact: CUSTOMER, content: { text: 'Hi', format: 'text' } })
  await until('the message', async () => gateway.received().length === 1)
  await gateway.report('read')
  await gateway.write(CUSTOMER, { text: 'One' })
  await gateway.webhooks.release({ order: 'reversed', batch: 3, copies: 2 })
  await gateway.write(CUSTOMER, { text: 'Two' })
  await crm.waitFor(event => event.type === 'incoming' && event.message.content?.text === 'Two')
  t.same(textsOf(crm), ['One', 'Two'])
  await crm.waitFor(event => event.type === 'status')
  t.equal(plugin.statuses(message.id).at(-1), 'read')
})

t.test('a reply and a reaction show what they are about, whoever said it, and no other chat’s words', async t => {
  const { crm, plugin, gateway } = await connected(t)
  await plugin.send({ contact: CUSTOMER, content: { text: '**Which** size?', format: 'markdown' } })
  await until('the question', async () => gateway.received().length === 1)
  const asked = gateway.state.messages[0]?.wamid ?? ''
  const say = (text: string, id: string, contact = CUSTOMER) =>
    gateway.say(contact, { type: 'text', text: { body: text }, context: { id } })
  const large = await say('Large', asked)
  await say('No, small', large)
  await gateway.say(CUSTOMER, { type: 'reaction', reaction: { message_id: asked, emoji: '👍' } })
  await say('What?', asked, '421900333444')
  await crm.waitFor(event => event.type === 'incoming' && event.contact === '+421900333444')
  await until('all of them', async () => textsOf(crm).length === 4)
  t.same(textsOf(crm).toSorted(), [
    '> In reply to an earlier message\nWhat?',
    '> Large\nNo, small',
    '> Which size?\nLarge',
    '👍 → “Which size?”'
  ])
})

t.test('files go both ways, and the CRM is given our address of them', async t => {
  const { crm, plugin, gateway } = await connected(t)
  await gateway.say(CUSTOMER, { type: 'image', image: gateway.file(PICTURE, 'image/png', { caption: 'Look' }) })
  await gateway.write(CUSTOMER, { text: 'after it' })
  await crm.waitFor(event => event.type === 'incoming' && event.message.content?.text === 'after it')
  t.same(textsOf(crm), ['Look', 'after it'], 'what came later waits for the file')
  const [file] = filesOf(crm)
  t.match(file, { type: 'image', name: /^image-.*\.png$/ })
  t.ok(file?.uri.startsWith(plugin.selfUri))
  t.same(Buffer.from(await (await fetch(file?.uri ?? '')).arrayBuffer()), PICTURE)

  await plugin.send({ contact: CUSTOMER, content: { text: 'Same', format: 'text' }, attachments: [file as Attachment] })
  await until('the picture', async () => gateway.received().length === 1)
  t.match(gateway.state.messages, [{ body: { type: 'image', image: { caption: 'Same' } } }])
  t.same(gateway.state.media.get('1000001')?.bytes, PICTURE)
})

t.test('a file that WhatsApp does not hand over is told in its place', async t => {
  const { crm, gateway } = await connected(t)
  await gateway.say(CUSTOMER, {
    type: 'document',
    document: { id: '404', mime_type: 'application/pdf', caption: 'Bill' }
  })
  await crm.waitFor(event => event.type === 'incoming')
  t.same(textsOf(crm), ['Bill\n[A file that WhatsApp did not hand over]'])
})

t.test('what may have been sent is confirmed by its status, and is not sent twice', async t => {
  const { crm, plugin, gateway } = await connected(t)
  gateway.faults.add('messages', { kind: 'reset', when: 'after' })
  const { message } = await plugin.send({ contact: CUSTOMER, content: { text: 'Once', format: 'text' } })
  await crm.waitFor(event => event.type === 'status' && event.status === 'delivered')
  await plugin.send({ contact: CUSTOMER, content: { text: 'Next', format: 'text' } })
  await until('the next message', async () => gateway.received().some(({ text }) => text === 'Next'))
  t.same(
    gateway.received().map(({ text }) => text),
    ['Once', 'Next']
  )
  t.equal(plugin.statuses(message.id).at(-1), 'delivered')
})

t.test('a long text is delivered when all of its parts are, and goes on after an error', async t => {
  const { crm, plugin, gateway } = await connected(t)
  const body = { error: { code: 131016, message: 'later' } }
  gateway.state.statuses = ['sent']
  const text = 'Some words. '.repeat(700).trim()
  gateway.faults.add('messages', { kind: 'answer', status: 500, body })
  const { message } = await plugin.send({ contact: CUSTOMER, content: { text, format: 'text' } })
  await until('all parts', async () => gateway.received().length === 3)
  const [first, second, third] = gateway.state.messages
  await gateway.report('delivered', first?.wamid)
  await gateway.report('delivered', third?.wamid)
  t.same(plugin.statuses(message.id).includes('delivered'), false)
  await gateway.report('delivered', second?.wamid)
  await crm.waitFor(event => event.type === 'status' && event.status === 'delivered')
  t.same(
    gateway
      .received()
      .map(part => part.text)
      .join(' '),
    text
  )
})

t.test('outside of the window the template goes, and without one the message ends in an error', async t => {
  const { crm, plugin, gateway } = await connected(t, {
    settings: { window: { fallbackTemplate: ['continue_conversation/en_US'] } }
  })
  await plugin.send({ contact: CUSTOMER, content: { text: 'Ready', format: 'text' } })
  await until('the template', async () => gateway.received().length === 1)
  t.match(gateway.received(), [{ text: /Ready/ }])
  await gateway.write(CUSTOMER, { text: 'Yes?' })
  await plugin.send({ contact: CUSTOMER, content: { text: 'Come', format: 'text' } })
  await until('the answer', async () => gateway.received().length === 2)
  t.match(gateway.state.messages, [{ body: { type: 'template' } }, { body: { type: 'text' } }])
  t.equal(
    gateway.state.calls.filter(({ operation }) => operation === 'templates').length,
    3,
    'one for the choice, one for its shape, one by the send'
  )

  const bare = await connected(t)
  bare.gateway.state.window = 'sync'
  const { message } = await bare.plugin.send({ contact: CUSTOMER, content: { text: 'Late', format: 'text' } })
  await bare.crm.waitFor(event => event.type === 'status')
  t.same(bare.plugin.statuses(message.id), ['error'])
  t.equal(crm.events.filter(event => event.type === 'status' && event.status === 'error').length, 0)
})

t.test('a customer of two names, or of a new number, stays one chat', async t => {
  const { crm, plugin, gateway } = await connected(t)
  const say = async (text: string, more: object) => {
    await gateway.say(CUSTOMER, { type: 'text', text: { body: text }, ...more })
    await crm.waitFor(event => event.type === 'incoming' && event.message.content?.text === text)
  }
  await plugin.send({ contact: `+${CUSTOMER}`, content: { text: 'Hi', format: 'text' } })
  await crm.waitFor(event => event.type === 'status' && event.status === 'delivered')
  await say('by both', { from_user_id: 'SK.12345' })
  await say('by the id alone', { from: undefined, from_user_id: 'SK.12345' })
  await gateway.say(CUSTOMER, { type: 'system', system: { type: 'user_changed_number', wa_id: '421900999888' } })
  await say('by the new number', { from: '421900999888' })
  t.same(
    new Set(crm.events.flatMap(event => (event.type === 'incoming' ? [event.contact] : []))),
    new Set([`+${CUSTOMER}`])
  )
  await plugin.send({ contact: `+${CUSTOMER}`, content: { text: 'Still you', format: 'text' } })
  await until('the second message', async () => gateway.received().length === 2)
  t.equal(gateway.received()[1]?.contact, '421900999888')
})

t.test('what does not work is told at its field, and in the language of the admin', async t => {
  const { plugin, gateway } = await connected(t)
  const { account } = gateway.settings
  const wrong = { account: { ...account, accessToken: 'old' } }
  t.match(await plugin.speaking('sk_SK').saveSettings(wrong), {
    status: 400,
    json: { account: { accessToken: [/^Prístupový token už neplatí/] } }
  })
  t.match(await plugin.autocomplete('templates', { query: 'conti' }), {
    json: { 'continue_conversation/en_US': { title: 'continue_conversation (en_US)', group: 'UTILITY' } }
  })
  t.match(await plugin.markdownPreview('health'), { json: { markdown: /Access token \| ✅/ } })
})

type Crm = Awaited<ReturnType<typeof testCrm>>

function textsOf(crm: Crm) {
  return crm.events.flatMap(event => (event.type === 'incoming' ? [event.message.content?.text] : []))
}

function filesOf(crm: Crm) {
  return crm.events.flatMap(event => (event.type === 'incoming' ? event.message.attachments : []))
}
