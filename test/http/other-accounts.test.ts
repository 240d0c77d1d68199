import { gzipSync } from 'node:zlib'
import type { GatewayEvent } from 'channel-kit/event'
import { form, group, password, string } from 'channel-kit/form'
import type { Crm } from 'simulator/crm'
import t, { type Test } from 'tap'
import { wrote } from '../conversation-fixture.ts'
import { testCrm, testHost, until } from '../harness.ts'
import { scripted, taken } from '../scripted-channel.ts'

/** A gateway that knows one address for several accounts. A call is genuine for whoever has the secret that it names. */

const settings = form(
  { title: 'Settings', button: 'Save' },
  { main: group({ title: 'Main' }, { account: string({ title: 'Account' }), secret: password({ title: 'Secret' }) }) }
)

interface Call {
  secret: string
  /** By account. */
  told: Readonly<Record<string, readonly GatewayEvent[]>>
}

async function gateway(t: Test) {
  const { channel } = scripted(taken, {
    settings,
    markdowns: { webhook: async (_lookup, { webhookUrl }) => webhookUrl },
    webhook: {
      bodyLimit: 100_000,
      account: given => main(given).account,
      verify: async ({ body }, tools) =>
        secretOf(body) === main(tools.settings).secret
          ? { kind: 'genuine' }
          : { kind: 'refused', reason: 'another secret' },
      receive: async ({ body }, tools) => {
        const { told } = read(body)
        const own = main(tools.settings).account
        return {
          reply: { status: 200 },
          events: told[own] ?? [],
          elsewhere: Object.keys(told).filter(account => account !== own)
        }
      }
    }
  })
  const host = await testHost(t, { channels: [{ channel, path: '/' }] })
  const join = async (crm: Crm, account: string, secret: string, company = '1') => {
    const key = `${company}-${account}-${secret}`
    const reference = { cid: company, plugin: { alias: key, id: '1' } }
    const plugin = await crm.register({ selfUri: host.url, key, reference })
    t.equal((await plugin.saveSettings({ main: { account, secret } })).status, 200)
    const { json } = await plugin.markdownPreview('webhook')
    return (json as { markdown: string }).markdown
  }
  const call = async (url: string, body: Call, pack = (bytes: Buffer) => bytes, headers = {}) =>
    (await fetch(url, { method: 'POST', headers, body: new Uint8Array(pack(Buffer.from(JSON.stringify(body)))) }))
      .status
  return { join, call }
}

const main = (settings: unknown) => (settings as { main: { account: string; secret: string } }).main
const read = (body: Buffer) => JSON.parse(body.toString()) as Call

/** In the clear; what is packed has none. */
const secretOf = (body: Buffer) => /"secret":"([^"]*)"/.exec(body.toString())?.[1]

const heard = (crm: Crm) =>
  crm.events.flatMap(event => (event.type === 'incoming' ? [`${event.plugin}: ${event.message.content?.text}`] : []))

t.test('a call about another account of the company is handed to the registration that has it', async t => {
  const crm = await testCrm(t)
  const { join, call } = await gateway(t)
  const url = await join(crm, 'A', 'secret')
  await join(crm, 'B', 'secret')
  const told = { A: [wrote('1', '+1', 'to A')], B: [wrote('2', '+1', 'to B')] }
  for (const _ of 'twice') t.equal(await call(url, { secret: 'secret', told }), 200)
  const packed = { secret: 'secret', told: { B: [wrote('3', '+1', 'packed')] } }
  t.equal(await call(url, packed, gzipSync, { 'content-encoding': 'gzip' }), 200)
  await until('all of them', async () => heard(crm).length === 3)
  t.same(heard(crm).toSorted(), ['1-A-secret: to A', '1-B-secret: packed', '1-B-secret: to B'])
})

t.test('a call is handed to nobody who would not believe it, nor to another company or cluster', async t => {
  const [crm, other] = [await testCrm(t), await testCrm(t)]
  const { join, call } = await gateway(t)
  const url = await join(crm, 'A', 'secret')
  await join(crm, 'B', 'of its own')
  await join(crm, 'C', 'secret', '2')
  await join(other, 'D', 'secret')
  const told = Object.fromEntries([...'ABCD'].map(account => [account, [wrote(account, '+1', `to ${account}`)]]))
  t.equal(await call(url, { secret: 'of its own', told }), 403, 'nor by who knows only the secret of the other')
  t.equal(await call(url, { secret: 'secret', told }), 200)
  t.equal(await call(url, { secret: 'secret', told: { A: [wrote('last', '+1', 'last')] } }), 200)
  await until('the last', async () => heard(crm).length === 2)
  t.same([...heard(crm), ...heard(other)], ['1-A-secret: to A', '1-A-secret: last'])
})

t.test('a list of accounts that is none harms nothing of what came', async t => {
  const crm = await testCrm(t)
  const { join, call } = await gateway(t)
  const url = await join(crm, 'A', 'secret')
  const told = { A: [wrote('1', '+1', 'to A')], ['x'.repeat(600)]: [wrote('2', '+1', 'nowhere')] }
  t.equal(await call(url, { secret: 'secret', told }), 200)
  await until('that of A', async () => heard(crm).length === 1)
})
