import { readFile } from 'node:fs/promises'
import type { GatewayEvent } from 'channel-kit/event'
import t from 'tap'
import { connected } from './whatsapp.ts'

/** Cases that the channel's own tests pin: payloads, and the events that they are. */
interface Case {
  name: string
  payload: unknown
  events: readonly GatewayEvent[]
}

const FIXTURES = new URL('../plugins/whatsapp-cloud/fixtures/webhooks.json', import.meta.url)
const LAST = 'the last one'

t.test('whatever WhatsApp posts is answered 200, and the CRM hears of every message once', async t => {
  const cases = JSON.parse(await readFile(FIXTURES, 'utf8')) as Case[]
  const account = { phoneNumberId: '5550001', businessAccountId: '7770001', displayNumber: '421900000000' }
  const { gateway, crm } = await connected(t, { change: { account } })
  for (const id of cases.flatMap(({ events }) => events.flatMap(mediaIds))) store(id)

  t.equal(await gateway.webhooks.post({}, 'a forged secret'), 403)
  for (const { name, payload } of cases)
    for (const time of ['first', 'again']) t.equal(await gateway.webhooks.post(payload), 200, `${name}, ${time}`)
  const large = (bytes: number) => ({ object: 'whatsapp_business_account', entry: ['x'.repeat(bytes)] })
  t.equal(await gateway.webhooks.post(large(3 * 1024 * 1024)), 200, 'as large as Meta makes them')
  t.equal(await gateway.webhooks.post(large(4 * 1024 * 1024)), 413)
  await gateway.write('421900111222', { text: LAST })
  await crm.waitFor(event => event.type === 'incoming' && event.message.content?.text === LAST, 60_000)

  const heard = crm.events.flatMap(event =>
    event.type === 'incoming' && event.message.content?.text !== LAST
      ? [[event.message.content?.text ?? null, event.message.attachments.map(({ name, type }) => `${type} ${name}`)]]
      : []
  )
  const wanted = cases.flatMap(({ events }) =>
    events.flatMap(event =>
      event.kind === 'message'
        ? [[event.content?.text ?? null, event.attachments.map(({ name, type }) => `${type} ${name}`)]]
        : []
    )
  )
  t.same(sorted(heard), sorted(wanted))

  function store(id: string) {
    const bytes = Buffer.from(`the file ${id}`)
    const file = { id, mime: 'application/x-file', name: '', bytes, sha256: '', key: '', expiresAt: new Date(0) }
    gateway.state.media.set(id, file)
  }
})

function mediaIds(event: GatewayEvent): string[] {
  if (event.kind !== 'message') return []
  return event.attachments.flatMap(attachment => {
    const { id } = ('media' in attachment ? attachment.media : {}) as { id?: string }
    return id ? [id] : []
  })
}

function sorted(list: readonly unknown[]) {
  return list.map(one => JSON.stringify(one)).toSorted()
}
