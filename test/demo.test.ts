import type { Locator } from 'playwright-core'
import t from 'tap'
import { openBrowser, openPage, PICTURE, startDemo, textFile } from './demo-process.ts'

/** Plays the demo as a person would: `npm run demo`, its page in a real browser, nothing reached around it. */

// The first start of the demo may have to set up a database.
t.setTimeout(180_000)

const { url, printed } = await startDemo(t)
const browser = await openBrowser(t)

t.test('the demo prints the address to open, and that of the console with its token', async t => {
  t.equal(printed.join('\n').match(/https?:\/\//g)?.length, 2)
  const [, address = '', token = ''] = /(http\S+\/console\/), its token (\S{24,})/.exec(printed.join('\n')) ?? []
  const { page, broken } = await openPage(t, browser, address)
  await page.getByLabel('Token').fill(token)
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByRole('table', { name: 'Channels' }).getByText('whatsapp-cloud').waitFor()
  await page.getByRole('link', { name: 'Messages', exact: true }).click()
  await page.getByRole('cell', { name: '+5511987650001' }).first().waitFor()
  await page.getByRole('link', { name: 'Failures' }).click()
  await page.getByRole('table').getByText('echo').first().waitFor()
  t.same(broken, [])
})

t.test('from registration to a reply, with an error on the way', async t => {
  const { page, foreign, broken } = await openPage(t, browser, url)
  let loads = 0
  page.on('load', () => {
    loads += 1
  })

  await page.getByRole('link', { name: 'Chat' }).click()
  await page.getByRole('heading', { name: 'Echo is not registered yet' }).waitFor()
  await page.getByRole('link', { name: 'Go to registration' }).click()
  await page.getByRole('button', { name: 'Register' }).press('Enter')
  await page.getByRole('heading', { name: 'Registered' }).waitFor()

  await page.getByRole('link', { name: 'check the settings' }).click()
  const delay = page.getByLabel('Delay (sec)')
  await delay.fill('11')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('One field needs your attention').waitFor()
  await t.resolves(focus(delay), 'the refused field has the focus')
  t.equal(await delay.getAttribute('aria-invalid'), 'true')
  const note = (await delay.getAttribute('aria-describedby'))?.split(' ').at(-1)
  t.match(await page.locator(`#${note}`).textContent(), /\S/, 'what is wrong is told at the field')

  await delay.fill('0')
  await delay.press('Enter')
  await page.getByText('Saved', { exact: true }).waitFor()

  await page.getByRole('link', { name: 'Chat' }).click()
  await page.locator('input[data-kind=file]').setInputFiles(textFile('invoice.txt'))
  await page.locator('input[data-kind=image]').setInputFiles(PICTURE)
  await page.getByText('Uploaded').nth(1).waitFor()
  await page.getByLabel('Message to Alice Martin').fill('Is it on its way?')
  await page.getByLabel('Message to Alice Martin').press('Enter')

  await page.locator('.mine [data-state=read]').waitFor()
  const reply = page.getByRole('article', { name: 'They wrote' })
  await reply.getByText('Is it on its way?').waitFor()
  await reply.getByRole('link', { name: 'invoice.txt' }).waitFor()
  const picture = reply.getByRole('img', { name: 'red.png' })
  await picture.waitFor()
  await page.waitForFunction('[...document.images].every(image => image.complete && image.naturalWidth > 0)')

  t.equal(loads, 0, 'the page was never loaded again')
  t.same(foreign, [], 'nothing came from elsewhere')
  t.same(broken, [])
})

t.test('a message that fails says so and can be sent again', async t => {
  const { page } = await openPage(t, browser, `${url}#/echo/chat`)
  await page.getByRole('button', { name: /Bruno Costa/ }).click()
  await page.getByLabel('Message to Bruno Costa').fill('an error, please')
  await page.getByRole('button', { name: 'Send', exact: true }).click()
  await page.locator('.mine [data-state=error]').waitFor()

  await page.getByRole('button', { name: 'Send again' }).click()
  await page.locator('.mine [data-state=error]').nth(1).waitFor()
  t.equal(await page.locator('.mine').count(), 2)
})

t.test('a reply that another conversation covers is counted, without a reload', async t => {
  const [{ page: writer }, { page: reader }] = await Promise.all([
    openPage(t, browser, `${url}#/echo/chat`),
    openPage(t, browser, `${url}#/echo/chat`)
  ])
  await reader.getByRole('button', { name: /Jana Nováková/ }).waitFor()

  await writer.getByRole('button', { name: /Jana Nováková/ }).click()
  await writer.getByLabel('Message to Jana Nováková').fill('dobrý deň')
  await writer.getByLabel('Message to Jana Nováková').press('Enter')
  await reader.getByRole('button', { name: /Jana Nováková.*1 unread/s }).waitFor()
  t.pass('the contact shows one unread message')
})

t.test('the drawer shows the raw exchange and what its token says, without secrets', async t => {
  const { page } = await openPage(t, browser, `${url}#/echo/chat`)
  await page.getByRole('button', { name: /^Exchanges/ }).press('Enter')
  await page.getByRole('button', { name: /PUT \/registration/ }).press('Enter')
  const claims = page.getByLabel('Claims of Field registration')
  await claims.waitFor()
  t.match(await claims.textContent(), /"HPT": "•+"/)
  t.match(await page.getByLabel('Answer body').textContent(), /"registered":\s*true/)

  await page.keyboard.press('Escape')
  const button = page.getByRole('button', { name: /^Exchanges/ })
  await t.resolves(focus(button), 'Escape closes it and gives the focus back')
})

t.test('every kind of field can be filled, and what was saved comes back', async t => {
  const { page } = await openPage(t, browser, `${url}#/form-gallery/registration`)
  await page.getByRole('button', { name: 'Register' }).click()
  await page.getByRole('link', { name: 'check the settings' }).click()

  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('One field needs your attention').waitFor()
  const password = page.getByLabel('Password', { exact: true })
  await t.resolves(focus(password), 'the required password has the focus')
  await password.fill('s3cret')

  await page.getByLabel('String', { exact: true }).fill('a string')
  await page.getByLabel('Multiline').fill('one\ntwo')
  await page.getByLabel('Integer').fill('7')
  await page.getByLabel('Float', { exact: true }).fill('2.25')
  await page.getByRole('switch', { name: 'Boolean' }).press('Space')

  const file = page.getByLabel('File', { exact: true })
  await file.setInputFiles(textFile('notes.txt'))
  await page.getByText('Files with *.txt can not be uploaded').waitFor()
  await file.setInputFiles({ ...PICTURE, name: 'logo.png' })
  await page.getByRole('link', { name: /\/uploaded\/.*\.png$/ }).waitFor()

  await page.getByLabel('Three').check()
  await page.getByLabel('Static numeric keys', { exact: true }).selectOption('One')
  await page.getByLabel('Five').check()
  await page.getByText('There is nothing to choose from').waitFor()
  await page.getByLabel('Callable').selectOption('K')

  const search = page.getByRole('combobox', { name: 'Dynamic' })
  await search.fill('ship')
  await search.press('Enter')
  await page.getByRole('button', { name: 'Remove Shipped' }).waitFor()
  await search.press('Escape')

  await page.getByRole('region', { name: 'MD preview' }).getByText('**bold**').waitFor()
  await page.getByLabel('Markdown', { exact: true }).fill('# Changed')
  await page.getByRole('region', { name: 'MD preview' }).getByText('# Changed').waitFor()
  await page.getByRole('button', { name: 'Preview' }).click()
  await page.getByLabel('Preview of Markdown').getByRole('heading', { name: 'Changed' }).waitFor()
  await page.frameLocator('iframe').getByRole('button', { name: 'Two' }).click()
  await page.getByText('{"a":2}', { exact: true }).waitFor()
  await page.getByRole('region', { name: 'Table' }).getByText('{"a":2}').waitFor()

  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Saved', { exact: true }).waitFor()

  await page.reload()
  await page.getByLabel('Integer').waitFor()
  t.equal(await page.getByLabel('String', { exact: true }).inputValue(), 'a string')
  t.equal(await page.getByLabel('Multiline').inputValue(), 'one\ntwo')
  t.equal(await page.getByLabel('Integer').inputValue(), '7')
  t.equal(await page.getByLabel('Float', { exact: true }).inputValue(), '2.25')
  t.notOk(await page.getByRole('switch', { name: 'Boolean' }).isChecked())
  t.ok(await page.getByLabel('One', { exact: true }).isChecked())
  t.ok(await page.getByLabel('Three').isChecked())
  t.equal(await page.getByLabel('Static numeric keys', { exact: true }).inputValue(), '1')
  await page.getByRole('button', { name: 'Remove Shipped' }).waitFor()
  await page.getByRole('button', { name: 'Replace: Password' }).waitFor()

  await page.getByRole('button', { name: 'Clear: Optional password' }).click()
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Saved', { exact: true }).waitFor()
  t.equal(await page.getByLabel('Optional password').getAttribute('placeholder'), 'Not set')
  await page.getByRole('button', { name: 'Replace: Password' }).waitFor()
})

t.test('the language chosen is asked of the plugin', async t => {
  const { page } = await openPage(t, browser, `${url}#/echo/settings`)
  await page.getByRole('button', { name: /^Exchanges/ }).click()
  const forms = page.getByRole('button', { name: /GET \/protected\/forms/ })
  await forms.first().waitFor()
  const before = await forms.count()
  await page.getByLabel('Language of the plugins').selectOption('pt_BR')
  await forms.nth(before).waitFor()
  await forms.first().click()
  await page.getByLabel('Request line and headers').getByText('accept-language: pt-BR').waitFor()
  t.pass('the form was asked for in Portuguese')
})

/** The page gives it a moment after it has shown what it is about. */
const focus = (element: Locator) => element.and(element.page().locator(':focus')).waitFor()
