import { startCrm } from 'simulator/crm'
import { demoPage } from 'simulator/demo-page'
import t, { type Test } from 'tap'
import { startSimulator as startBpMessage } from '../../plugins/bpmessage/simulator/simulator.ts'
import { startSimulator as startMobiletech } from '../../plugins/mobiletech/simulator/simulator.ts'
import { startSimulator as startWhatsApp } from '../../plugins/whatsapp-cloud/simulator/simulator.ts'
import { ask } from '../http/ask.ts'

/** A server on the loopback that is to be played with is closed to the pages of other sites, whatever their names resolve to. */

async function demo(t: Test) {
  const crm = await startCrm({ page: demoPage() })
  t.teardown(() => crm.close())
  crm.plugin({ key: 'echo', selfUri: 'http://127.0.0.1:1/' })
  return crm.url
}

t.test('the demo takes only requests to its own host', async t => {
  const url = await demo(t)
  const { host, port } = new URL(url)
  for (const path of [
    '',
    'api/plugins',
    'api/exchanges',
    'page/main.ts',
    'api/plugins/echo/conversations',
    'nowhere'
  ]) {
    for (const other of [
      'evil.example',
      `evil.example:${port}`,
      '127.0.0.1',
      '127.0.0.1:1',
      `127.0.0.1.evil.example:${port}`
    ])
      t.equal((await ask(`${url}${path}`, { headers: { host: other } })).status, 421, `${path} of ${other}`)
    t.not((await ask(`${url}${path}`, { headers: { host } })).status, 421)
  }
})

t.test('the demo is changed by its own page and by programs, not by pages of other sites', async t => {
  const url = await demo(t)
  const open = (headers: Record<string, string>) =>
    ask(`${url}api/plugins/echo/conversations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ contact: '1', name: 'A' })
    })
  for (const origin of ['https://evil.example', 'null', 'http://127.0.0.1:1', 'http://localhost'])
    t.equal((await open({ origin })).status, 403, origin)
  t.equal((await open({ origin: new URL(url).origin })).status, 200)
  t.equal((await open({})).status, 200)
})

t.test('simulated gateways take only requests to the loopback', async t => {
  const gateways = [await startBpMessage(), await startMobiletech(), await startWhatsApp()]
  t.teardown(() => Promise.all(gateways.map(gateway => gateway.close())))
  for (const { url } of gateways) {
    const status = async (headers: Record<string, string>) =>
      (
        await ask(`${url}/`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...headers },
          body: '{}'
        })
      ).status
    t.equal(await status({ host: 'evil.example' }), 421)
    t.equal(await status({ origin: 'https://evil.example' }), 421)
    t.not(await status({}), 421)
  }
})
