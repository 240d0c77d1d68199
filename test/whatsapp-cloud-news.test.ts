import { readFile } from 'node:fs/promises'
import t from 'tap'
import { CONSOLE_TOKEN } from './api/ask.ts'
import { until } from './harness.ts'
import { connected } from './whatsapp.ts'

/** News of an account at WhatsApp for API clients, and messages that its business writes on the phone. */

interface Case {
  name: string
  payload: { entry: { changes: { value: object }[] }[] }
}

const FIXTURES = new URL('../plugins/whatsapp-cloud/fixtures/webhooks.json', import.meta.url)
const CASES = JSON.parse(await readFile(FIXTURES, 'utf8')) as Case[]
const ACCOUNT = { phoneNumberId: '5550001', businessAccountId: '7770001', displayNumber: '421900000000' }

const payloadOf = (name: string) => {
  const found = CASES.find(one => one.name === name)
  if (!found) throw new Error(`There is no payload ${name}`)
  return found.payload
}

/** The same in an entry of another time. */
const at = (time: number, name: string, more: object = {}) => {
  const { entry, ...rest } = structuredClone(payloadOf(name))
  for (const { changes } of entry) for (const { value } of changes) Object.assign(value, more)
  return { ...rest, entry: entry.map(one => ({ ...one, time })) }
}

async function build(settings: object = {}) {
  const { gateway, crm, host, plugin } = await connected(t, {
    change: { account: ACCOUNT },
    settings,
    env: { CONSOLE_TOKEN }
  })
  const post = async (...payloads: readonly unknown[]) => {
    for (const payload of payloads) t.equal(await gateway.webhooks.post(payload), 200)
  }
  const read = async (types: string) => {
    const headers = { authorization: `Bearer ${CONSOLE_TOKEN}` }
    const answer = await fetch(`${host.url}api/v1/events?types=${types}`, { headers })
    return ((await answer.json()) as { events: Record<string, unknown>[] }).events
  }
  return { gateway, crm, post, read, plugin }
}

t.test('news of templates and of the number are told in order, and a call that Meta repeats once', async t => {
  const { post, read, plugin } = await build()
  const paused = at(1_790_000_000, 'message_template_status_update PAUSED', { message_template_category: 'UTILITY' })
  await post(paused, paused)
  await post(
    at(1_790_000_100, 'message_template_status_update PAUSED', {
      event: 'REJECTED',
      reason: 'INVALID_FORMAT',
      rejection_info: { reason: 'Two places stand together.', recommendation: 'Part them.' }
    }),
    at(1_790_000_200, 'message_template_status_update PAUSED', { message_template_category: 'UTILITY' }),
    payloadOf('message_template_components_update'),
    at(1_790_000_300, 'template_category_update', { new_category: 'UTILITY', correct_category: 'MARKETING' }),
    at(1_790_000_400, 'template_category_update', { new_category: 'MARKETING', previous_category: 'UTILITY' }),
    payloadOf('message_template_quality_update'),
    payloadOf('phone_number_quality_update FLAGGED'),
    at(1_790_000_500, 'phone_number_quality_update FLAGGED', {
      event: 'DOWNGRADE',
      current_limit: 'TIER_2K',
      old_limit: 'TIER_10K'
    })
  )
  await post(paused)
  const news = await read('template.changed,quality.changed')
  t.match(news, [
    { change: 'status', name: 'hello', language: 'en_US', status: 'PAUSED', category: 'UTILITY', reason: null },
    { status: 'REJECTED', reason: 'INVALID_FORMAT: Two places stand together. Part them.' },
    { status: 'PAUSED', type: 'template.changed' },
    { change: 'content', name: 'hello', language: 'sk', status: null },
    { change: 'category', category: 'UTILITY', categoryNext: 'MARKETING', categoryBefore: null },
    { change: 'category', category: 'MARKETING', categoryNext: null, categoryBefore: 'UTILITY' },
    { type: 'quality.changed', of: 'template', name: 'hello', language: 'sk', from: 'GREEN', to: 'RED' },
    { type: 'quality.changed', of: 'number', event: 'FLAGGED', limit: 'TIER_250', from: null, to: null },
    { of: 'number', event: 'DOWNGRADE', limit: 'TIER_2K', limitBefore: 'TIER_10K' }
  ])
  t.equal(news.length, 9)
  const { markdown } = (await plugin.markdownPreview('health')).json as { markdown: string }
  t.match(markdown, /phone_number_quality_update/, 'the form still shows the last of them')
})

t.test('what cannot be read is no news, and costs none', async t => {
  const { post, read } = await build()
  const field = 'message_template_status_update PAUSED'
  await post(
    at(1, field, { message_template_name: { toString: null } }),
    at(2, field, { message_template_name: '' }),
    at(3, 'phone_number_quality_update FLAGGED', { display_phone_number: [] }),
    at(4, field, { event: `${'E'.repeat(100)}\n`, reason: 'r'.repeat(5_000), message_template_name: 'n'.repeat(600) }),
    at(5, field, { event: 7, message_template_language: null, reason: { a: 1 }, rejection_info: 'x', other_info: [1] })
  )
  const news = await read('template.changed,quality.changed')
  t.match(news, [
    { name: 'n'.repeat(512), status: 'E'.repeat(64), reason: /^r{1999}…$/ },
    { name: 'hello', status: '7', reason: null, language: null }
  ])
  t.equal(news.length, 2)
})

t.test('what the business writes on its phone is told as sent elsewhere, also where the chat hides it', async t => {
  for (const echoes of ['show', 'hide']) {
    const { post, read, crm, gateway } = await build({ incoming: { echoes: [echoes] } })
    const echo = payloadOf('echo of a text')
    await post(echo, echo)
    t.match(await read('message.received,message.sent_elsewhere'), [
      { type: 'message.sent_elsewhere', source: 'phone', ref: 'wamid.ECHO001', contact: '+421900111222' }
    ])
    t.equal((await read('message.received,message.sent_elsewhere')).length, 1)
    await gateway.write('421900111222', { text: 'the last one' })
    const lines = () => crm.events.flatMap(event => (event.type === 'incoming' ? [event.message.content?.text] : []))
    await until('the CRM to hear', async () => lines().includes('the last one'))
    t.equal(lines().length, echoes === 'show' ? 2 : 1)
  }
})
