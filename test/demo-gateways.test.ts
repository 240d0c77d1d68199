import mobiletech from 'channel-mobiletech'
import { startSimulator } from 'channel-mobiletech/simulator'
import type { Page } from 'playwright-core'
import { startCrm } from 'simulator/crm'
import { demoPage } from 'simulator/demo-page'
import t from 'tap'
import { openBrowser, openPage, PICTURE, startDemo, textFile } from './demo-process.ts'
import { testHost } from './harness.ts'

/** Plays the channels of the demo as a person would, on both sides: the agent at the CRM, the customer at the gateway. */

// The first start of the demo may have to set up a database.
t.setTimeout(180_000)

const { url } = await startDemo(t)
const browser = await openBrowser(t)

const CHAT = `${url}#/whatsapp-cloud/chat`

t.test('WhatsApp: one click registers and connects, and messages and files go both ways', async t => {
  const { page, foreign, broken } = await openPage(t, browser, `${url}#/whatsapp-cloud/registration`)
  await register(page)
  await page.getByRole('link', { name: 'start a chat' }).click()
  const { agent, customer } = sides(page, 'Alice Martin')
  await customer.getByText('Nothing has reached Alice Martin yet').waitFor()

  await agent.locator('input[data-kind=image]').setInputFiles(PICTURE)
  await agent.getByText('Uploaded').waitFor()
  await agent.getByLabel('Message to Alice Martin').fill('Your order is on its way')
  await agent.getByLabel('Message to Alice Martin').press('Enter')
  const received = customer.getByRole('article', { name: 'Alice Martin received' })
  await received.getByText('Your order is on its way').waitFor()
  await received.getByRole('img', { name: 'red.png' }).waitFor()
  await agent.locator('.mine [data-state=delivered]').waitFor()

  await customer.locator('input[data-kind=file]').setInputFiles(textFile('address.txt'))
  await customer.getByText('address.txt').waitFor()
  await customer.getByLabel('Message from Alice Martin').fill('Please bring it here')
  await customer.getByLabel('Message from Alice Martin').press('Enter')
  await customer.getByRole('article', { name: 'Alice Martin wrote' }).getByText('Taken by the plugin').waitFor()
  const reply = agent.getByRole('article', { name: 'They wrote' })
  await reply.getByText('Please bring it here').waitFor()
  const file = await reply.getByRole('link', { name: 'address.txt' }).getAttribute('href')
  t.equal(await (await fetch(file ?? '')).text(), 'some text', 'the agent gets the file itself')

  await page.waitForFunction('[...document.images].every(image => image.complete && image.naturalWidth > 0)')
  t.same(foreign, [], 'nothing came from elsewhere')
  t.same(broken, [])
})

t.test('a customer who writes first is the contact that the agent knows', async t => {
  const { page } = await openPage(t, browser, CHAT)
  await page.getByRole('button', { name: /Bruno Costa/ }).click()
  const { agent, customer } = sides(page, 'Bruno Costa')
  await customer.getByLabel('Message from Bruno Costa').fill('Are you open?')
  await customer.getByRole('button', { name: 'Send' }).click()
  await agent.getByRole('article', { name: 'They wrote' }).getByText('Are you open?').waitFor()
  t.equal(await page.locator('.contact').count(), 4, 'nobody is there twice')
})

t.test('the settings that were saved are shown, and what the gateway refuses is told at its field', async t => {
  const { page } = await openPage(t, browser, `${url}#/whatsapp-cloud/settings`)
  await page.getByRole('button', { name: 'Replace: Access token' }).waitFor()
  await page.getByRole('region', { name: 'Set-up at Meta' }).getByText('Callback URL:').waitFor()
  await page.getByRole('combobox', { name: 'Template to send then' }).fill('continue')
  await page.getByRole('option', { name: /continue_conversation/ }).waitFor()

  const account = page.getByLabel('WhatsApp Business Account ID')
  await account.fill('999999')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByText('One field needs your attention').waitFor()
  t.equal(await account.getAttribute('aria-invalid'), 'true')
})

t.test('secrets of the gateway are not shown among the exchanges', async t => {
  const { page } = await openPage(t, browser, CHAT)
  await page.getByRole('button', { name: /^Exchanges/ }).click()
  await page
    .getByRole('button', { name: /PUT .*data\/settings/ })
    .last()
    .click()
  const body = await page.getByLabel('Request body').textContent()
  t.match(body, /"accessToken":\s*"•+"/)
  t.match(body, /"appSecret":\s*"•+"/)
})

t.test('Mobiletech: messages go both ways, and there are no files for customers', async t => {
  const { page, broken } = await openPage(t, browser, `${url}#/mobiletech/registration`)
  await register(page)
  await page.getByText('it calls the webhook when it has news').waitFor()
  await page.getByRole('link', { name: 'start a chat' }).click()
  const { agent, customer } = sides(page, 'Jana Nováková')
  await page.getByRole('button', { name: /Jana Nováková/ }).click()
  await agent.getByLabel('Message to Jana Nováková').fill('Dobrý deň')
  await agent.getByLabel('Message to Jana Nováková').press('Enter')
  await customer.getByRole('article', { name: 'Jana Nováková received' }).getByText('Dobry den').waitFor()
  await agent.locator('.mine [data-state=delivered]').waitFor()

  t.equal(await customer.locator('input[type=file]').count(), 0)
  await customer.getByText('No files by this gateway').waitFor()
  await customer.getByLabel('Message from Jana Nováková').fill('Ahoj, čo je nové?')
  await customer.getByLabel('Message from Jana Nováková').press('Enter')
  await agent.getByRole('article', { name: 'They wrote' }).getByText('Ahoj, čo je nové?').waitFor()
  t.same(broken, [])
})

t.test('BpMessage: what customers got is shown, with the lots in which it left', async t => {
  for (const { key, device, shown, lot } of [
    { key: 'bpmessage', device: 'phone', shown: 'Oi +5511987654321', lot: 'May' },
    { key: 'bpmessage-email', device: 'mailbox', shown: 'Oi bruno.costa@mail.example', lot: 'Chat' }
  ]) {
    const { page, broken } = await openPage(t, browser, `${url}#/${key}/registration`)
    await register(page)
    await page.getByText('it calls no webhook').waitFor()
    await page.getByRole('link', { name: 'start a chat' }).click()
    const { agent, customer } = sides(page, 'Bruno Costa', device)
    await page.getByRole('button', { name: /Bruno Costa/ }).click()
    await customer.getByText('Customers can not write back by this gateway').waitFor()
    await agent.getByLabel('Subject').fill('May')
    await agent.getByLabel('Message to Bruno Costa').fill('Oi {contact}')
    await agent.getByLabel('Message to Bruno Costa').press('Enter')
    await customer.getByText(shown).waitFor()
    await agent.locator('.mine [data-state=sent]').waitFor()

    await page.goto(`${url}#/${key}/settings`)
    const lots = page.getByRole('region', { name: 'Last lots' })
    await lots.getByRole('row', { name: new RegExp(`9001 ${lot} .*1 1 0`) }).waitFor()
    await page.setViewportSize({ width: 390, height: 800 })
    t.same(await widths(page), [390, 390], 'a wide table is scrolled by itself')
    t.same(broken, [])
  }
})

t.test('the page is as wide as its window, also with both sides of a chat', async t => {
  const { page } = await openPage(t, browser, CHAT)
  const { agent, customer } = sides(page, 'Alice Martin')
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 800 })
    for (const view of ['registration', 'settings', 'chat']) {
      await page.goto(`${url}#/whatsapp-cloud/${view}`)
      await page.locator(`.tabs a[href$=${view}][aria-current]`).waitFor()
      await page.locator('.card, .chat').first().waitFor()
      t.same(await widths(page), [width, width], `${view} at ${width}`)
      t.equal(await hidden(page), 0, 'all plugins can be seen')
    }
  }
  await page.getByRole('button', { name: /Alice Martin/ }).click()
  await agent.getByRole('button', { name: 'Customer’s side' }).click()
  await customer.getByText('Your order is on its way').waitFor()
  t.same(await widths(page), [390, 390], 'the customer’s side')
  await customer.getByRole('button', { name: 'Agent’s side' }).click()
  await agent.getByText('Please bring it here').waitFor()
})

t.test('who registers before the page knows of the gateway has it connected too', async t => {
  const simulator = await startSimulator()
  t.teardown(() => simulator.close())
  const crm = await startCrm({ page: demoPage({ sms: { simulator, files: false } }) })
  t.teardown(() => crm.close())
  const host = await testHost(t, { channels: [{ channel: mobiletech }], env: simulator.variables })
  crm.plugin({ key: 'sms', name: 'Slow page', selfUri: host.at('mobiletech') })

  const { page } = await openPage(t, browser, crm.url)
  const registered = Promise.withResolvers<void>()
  await page.route('**/plugins/sms/gateway', async route => {
    await registered.promise
    await route.continue()
  })
  await page.goto(`${crm.url}#/sms/registration`)
  await page.reload()
  await page.getByRole('button', { name: 'Register' }).click()
  await page.getByRole('heading', { name: 'Registered' }).waitFor()
  registered.resolve()
  await page.getByText('simulated, connected: ').waitFor()
})

t.test('what the plugin refuses is told, and a gateway without replies says so', async t => {
  const { write: _write, ...oneWay } = await startSimulator()
  t.teardown(() => oneWay.close())
  const good = oneWay.settings
  const simulator = { ...oneWay, settings: { gateway: { ...good.gateway, url: 'nowhere' } } as typeof good }
  const crm = await startCrm({ page: demoPage({ sms: { simulator, files: true, country: 'SK' } }) })
  t.teardown(() => crm.close())
  const host = await testHost(t, { channels: [{ channel: mobiletech }], env: oneWay.variables })
  crm.plugin({ key: 'sms', name: 'One way', selfUri: host.at('mobiletech') })

  const { page } = await openPage(t, browser, `${crm.url}#/sms/registration`)
  await page.getByRole('button', { name: 'Register' }).click()
  const alert = page.getByRole('alert')
  await alert.getByText('The gateway was not connected').waitFor()
  t.match(await alert.textContent(), /refused the settings.*url.*no address/)

  simulator.settings = good
  await page.getByRole('link', { name: 'start a chat' }).click()
  const { agent, customer } = sides(page, 'Alice Martin')
  await customer.getByRole('button', { name: 'Connect the gateway' }).click()
  await customer.getByText('Customers can not write back by this gateway').waitFor()
  t.equal(await customer.getByRole('textbox').count(), 0)
  await agent.getByLabel('Message to Alice Martin').fill('Only so you know')
  await agent.getByLabel('Message to Alice Martin').press('Enter')
  await customer.getByText('Only so you know').waitFor()

  const letter = { contact: '+421911234567', text: 'Hi', attachments: [] }
  const written = await fetch(`${crm.url}api/plugins/sms/gateway/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(letter)
  })
  t.equal(written.status, 409)
})

/** Widths of all elements that could be scrolled to the side. */
const widths = (page: Page) =>
  page.evaluate("[document.documentElement, document.querySelector('main')].map(element => element.scrollWidth)")

/** Elements that are hidden to the side until somebody scrolls. */
const hidden = (page: Page) =>
  page.evaluate("(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)(document.querySelector('.plugins'))")

async function register(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Register' }).click()
  await page.getByText('simulated, connected: ').waitFor()
}

const sides = (page: Page, name: string, device = 'phone') => ({
  agent: page.getByRole('region', { name: `Conversation with ${name}` }),
  customer: page.getByRole('region', { name: `The ${device} of ${name}` })
})
