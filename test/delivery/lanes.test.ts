import t, { type Test } from 'tap'
import { createAcceptItems } from '../../src/messages/accept-items.ts'
import { testCrm, testHost, until } from '../harness.ts'
import { newItem } from '../new-item.ts'
import { scripted, taken, text } from '../scripted-channel.ts'

const PER_SECOND = 40

/** A host whose account sends slowly, with bulk messages of which some are sent and a crowd waits. */
async function busy(t: Test, crowd: number) {
  const script = scripted(taken, { limits: () => ({ perSecond: PER_SECOND }) })
  const crm = await testCrm(t)
  const host = await testHost(t, { channels: [{ channel: script.channel, path: '/' }] })
  const plugin = await crm.register(host.url)
  const accept = createAcceptItems(
    host.database,
    () => new Date(),
    () => {}
  )
  const post = (ids: readonly string[], bulk: boolean) =>
    accept(
      1,
      'campaigns',
      ids.map(id => newItem({ id, bulk, body: text(id, bulk ? 'bulk' : 'normal') }))
    )
  await post(
    Array.from({ length: crowd }, (_, index) => `bulk ${index}`),
    true
  )
  await until('some to be sent', async () => script.handed.length > PER_SECOND)
  return { script, plugin, post }
}

t.test('a message of the CRM does not wait behind the bulk messages of its registration', async t => {
  const { script, plugin } = await busy(t, 2_000)
  for (let one = 0; one < 5; one++) {
    const before = script.handed.length
    await plugin.send(text(`person ${one}`, `answer ${one}`))
    await until('the answer', async () => script.texts().includes(`answer ${one}`))
    const waited = script.texts().indexOf(`answer ${one}`) - before
    t.ok(waited < PER_SECOND, `it waited for ${waited} others, which go in less than a second`)
  }
})

t.test('bulk messages go on while normal ones would take the whole rate', async t => {
  const { script, post } = await busy(t, 500)
  const before = script.handed.length
  await post(
    Array.from({ length: 200 }, (_, index) => `normal ${index}`),
    false
  )
  await until('the normal ones', async () => script.texts().filter(words => words === 'normal').length === 200)
  const meanwhile = script.texts().slice(before)
  const bulk = meanwhile.filter(words => words === 'bulk').length
  t.ok(bulk >= 200 * 0.04, `${bulk} bulk messages`)
  t.ok(bulk <= 200 * 0.3, `${bulk} bulk messages`)
})
