import { form, group, string } from 'channel-kit/form'
import type { Outcome } from 'channel-kit/outcome'
import t from 'tap'
import { apiHost, CONSOLE_TOKEN } from '../api/ask.ts'
import { failedHost } from '../api/failed-host.ts'
import { apiOfLots } from '../api/lot-host.ts'
import { wrote } from '../conversation-fixture.ts'
import { openBrowser } from '../demo-process.ts'
import { until } from '../harness.ts'
import { testChannel } from '../http/channel.ts'
import { callWith, mendedChannel } from '../inbound/mended-channel.ts'
import { scripted, taken, text } from '../scripted-channel.ts'
import { goTo, logIn, openConsole } from './open-console.ts'

/** Work of an operator in the console, in a real browser. */

const browser = await openBrowser(t)

t.test('a wrong token is refused in words, at last for a minute, and the right one opens the overview', async t => {
  const { host } = await apiHost(t)
  const { page, foreign, broken } = await openConsole(t, browser, host.url)
  await page.getByRole('heading', { name: 'Overview' }).waitFor()
  await page.getByRole('button', { name: 'Log out' }).click()
  await page.getByLabel('Token').waitFor()

  await logIn(page, 'wrong')
  await page.getByText('This token is not valid.').waitFor()
  t.equal(await page.getByLabel('Token').getAttribute('aria-invalid'), 'true')
  for (let n = 0; n < 10; n += 1) {
    const answered = page.waitForResponse(/api\/session/)
    await logIn(page, `wrong ${n}`.replace(' ', '-'))
    await answered
  }
  await logIn(page, 'wrong-again')
  await page.getByText('Too many wrong tokens came from this address').waitFor()
  t.same(foreign, [], 'nothing came from elsewhere')
  t.same(broken, [])
})

t.test('a session that ends elsewhere brings the login back, and says why', async t => {
  const { host } = await apiHost(t)
  const { page } = await openConsole(t, browser, host.url)
  await host.database.sql`delete from console_sessions`
  await goToHash(page, '#/messages')
  await page.getByText('The session is over').waitFor()
  await logIn(page, CONSOLE_TOKEN)
  await page.getByRole('heading', { name: 'Messages', level: 1 }).waitFor()
  t.pass('and the page that was asked for is there')
})

t.test('the overview is live: a message that is sent meanwhile is counted without a reload', async t => {
  const { channel } = scripted(taken)
  const { host, crm } = await apiHost(t, { channels: [{ channel, path: '/' }] })
  const { page } = await openConsole(t, browser, host.url)
  await page.getByText('No CRM has registered yet').waitFor()
  const plugin = await crm.register(host.url)
  const registrations = page.getByRole('table', { name: 'Registrations' })
  await registrations.getByText('ready').waitFor()
  await plugin.send(text('+100', 'hello'))
  await registrations
    .getByText(/ s ago/)
    .first()
    .waitFor()
  t.equal(await page.getByRole('table', { name: 'Hosts' }).getByRole('row').count(), 2)
})

t.test('a failed message is found by its contact, its story tells why, and it is sent once more', async t => {
  let answer: Outcome = { kind: 'rejected', reason: 'number is not on the network' }
  const { channel } = scripted(async () => answer)
  const { host, crm } = await apiHost(t, { channels: [{ channel, path: '/' }] })
  const plugin = await crm.register(host.url)
  await plugin.send(text('+421900111222', 'Where is my order?'))
  await plugin.send(text('+421900111333', 'another'))
  const { page } = await openConsole(t, browser, host.url)
  await goTo(page, 'messages', 'Messages')
  await page.getByLabel('Search', { exact: true }).fill('+421900111222')
  await page.getByRole('button', { name: 'Search' }).click()
  const table = page.getByRole('table', { name: 'Messages' })
  await until('one to be found', async () => (await table.getByRole('row').count()) === 2)
  await table.getByText('number is not on the network').waitFor()
  await table.getByRole('link').first().click()

  const story = page.getByRole('region', { name: 'Story' })
  await story.getByText('Attempt 1: The gateway refused it').waitFor()
  await story.getByText('number is not on the network').waitFor()
  await story.getByText('The CRM was told “error” and took it').waitFor()
  await page.getByRole('log').getByText('Where is my order?').waitFor()

  answer = { kind: 'accepted', ref: 'gateway-1' }
  await page.getByRole('button', { name: 'Send once more' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Send once more' }).click()
  await story
    .getByText('Attempt 1: The gateway took it')
    .or(story.getByText('Attempt 2: The gateway took it'))
    .waitFor()
  await page.getByRole('heading', { name: /accepted/, level: 1 }).waitFor()

  await goTo(page, 'messages?q=not on the network', 'Messages')
  await page.getByText('Messages whose reason has it').waitFor()
  t.equal(
    await page.getByRole('table', { name: 'Messages' }).getByRole('row').count(),
    2,
    'a piece of a reason is found'
  )
  await goTo(page, 'messages?q=nobody', 'Messages')
  await page.getByText('No message is like this').waitFor()
})

t.test('a group of 300 failures is sent once more at a rate, its progress seen, and stopped', async t => {
  const { host, worker, replays } = await failedHost(t, { count: 300 })
  const { page } = await openConsole(t, browser, host.url)
  await goTo(page, 'failures', 'Failures')
  const table = page.getByRole('table', { name: 'Failures' })
  await table.getByText('template PAUSED').waitFor()
  await table.getByRole('cell', { name: '300', exact: true }).waitFor()
  await table.getByRole('button', { name: 'Send once more' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText('300 messages of this group').waitFor()
  await dialog.getByLabel('Messages a second').fill('20')
  await dialog.getByRole('button', { name: 'Send once more' }).click()
  await table.getByText('0 of 300 looked at').waitFor()
  await worker()
  await until('some to be sent', async () => (await replays()).some(count => count > 0), 60_000)
  await until('the bar to move', async () => Number(await table.getByRole('progressbar').getAttribute('value')) > 0)

  const { page: other } = await openConsole(t, browser, host.url)
  await goTo(other, 'failures', 'Failures')
  await other.locator('[data-operation]').waitFor()
  t.pass('another operator sees that the group is replayed already')

  await table.getByRole('button', { name: 'Stop' }).click()
  await table.getByText('cancelled').waitFor()
  t.ok(
    (await replays()).some(count => count === 0),
    'the rest was left alone'
  )
})

t.test('settings are refused at their field, then saved; a secret is never shown', async t => {
  const Fields = form(
    { title: 'Settings', button: 'Save' },
    { main: group({ title: 'Main' }, { name: string({ title: 'Name' }) }) }
  )
  const channel = testChannel({
    settings: Fields,
    check: async ({ settings }) =>
      (settings as { main: { name: string } }).main.name === 'refused'
        ? { 'main.name': ['The gateway knows no such name'] }
        : {}
  })
  const { host, crm } = await apiHost(t, { channels: [{ channel, path: '/' }] })
  await crm.register(host.url)
  const { page } = await openConsole(t, browser, host.url)
  await goTo(page, 'registrations/1/settings', 'Registration 1')
  await page.getByLabel('Name').fill('refused')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('The gateway knows no such name').waitFor()
  await page.getByText('One field needs your attention').waitFor()
  t.equal(await page.getByLabel('Name').getAttribute('aria-invalid'), 'true')

  await page.getByLabel('Name').fill('shop')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Saved', { exact: true }).waitFor()
  await page.getByRole('button', { name: 'Test what is stored' }).click()
  await page.getByText('The gateway takes them.').waitFor()
  await goTo(page, 'audit', 'Audit')
  await page.getByText('settings.saved').waitFor()
})

t.test('a pause holds messages back and says why, and they go when it is resumed', async t => {
  const { channel, handed } = scripted(taken)
  const { host, crm } = await apiHost(t, { channels: [{ channel, path: '/' }] })
  const plugin = await crm.register(host.url)
  const { page } = await openConsole(t, browser, host.url)
  await goTo(page, 'registrations/1', 'Registration 1')
  await page.getByLabel('Reason, for those who ask why').fill('the gateway is being moved')
  await page.getByRole('button', { name: 'Pause', exact: true }).click()
  await page.getByRole('heading', { name: 'Paused by an operator' }).waitFor()
  await plugin.send(text('+100', 'hello'))
  await goTo(page, 'messages', 'Messages')
  await page.getByRole('table').getByText('waiting').waitFor()
  t.same(handed, [])
  await goTo(page, 'overview', 'Overview')
  await page.getByText('the gateway is being moved').waitFor()

  await goTo(page, 'registrations/1', 'Registration 1')
  await page.getByRole('button', { name: 'Resume' }).click()
  await page.getByRole('heading', { name: 'Pause', exact: true }).waitFor()
  await until('it to be sent', async () => handed.length === 1)
})

t.test('a lot is closed early, and watched to its end', async t => {
  const { host } = await apiOfLots(t)
  const { page } = await openConsole(t, browser, host.url)
  await goTo(page, 'lots', 'Lots')
  await page.getByRole('table', { name: 'Lots' }).getByRole('link').first().click()
  await page.getByText('0 of 3 messages have ended').waitFor()
  await page.getByRole('button', { name: 'Close and send now' }).click()
  await page.getByText('3 of 3 messages have ended').waitFor({ timeout: 60_000 })
  t.pass('without a reload')
})

t.test('a webhook that was skipped in part is read once more, and what was skipped becomes a message', async t => {
  const { channel, mend } = mendedChannel()
  const { host, crm } = await apiHost(t, { channels: [{ channel, path: '/' }] })
  const plugin = await crm.register(host.url)
  const { markdown } = (await plugin.markdownPreview('webhook')).json as { markdown: string }
  await callWith(markdown, { events: [], odd: [wrote('m1', '+100', 'from the future')] })
  const { page } = await openConsole(t, browser, host.url)
  await goTo(page, 'webhooks', 'Webhooks received')
  await page.getByText(/skipped: of a new kind × 1/).waitFor()
  await page.getByRole('table').getByRole('link').first().click()
  await page.getByText('from the future').waitFor()
  mend()
  await page.getByRole('button', { name: 'Read once more' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Read once more' }).click()
  await page.getByText('Read once more: 1 events').waitFor()
  t.pass('it is an event now')
})

t.test('events come to the page as they happen, and a token is made, shown once and revoked', async t => {
  const { channel } = scripted(taken)
  const { host, crm } = await apiHost(t, { channels: [{ channel, path: '/' }] })
  const plugin = await crm.register(host.url)
  const { page } = await openConsole(t, browser, host.url)
  await goTo(page, 'events', 'Events')
  await page.getByText('Nothing has happened yet').waitFor()
  await plugin.send(text('+100', 'hello'))
  await page.getByRole('table', { name: 'Events' }).getByText('message.sent_elsewhere').waitFor()

  await goTo(page, 'tokens', 'Tokens')
  await page.getByRole('button', { name: 'New token' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name of the program').fill('shop')
  await dialog.getByRole('button', { name: 'Make the token' }).click()
  const token = await dialog.locator('.secret').textContent()
  t.match(token, /^cph_/)
  await dialog.getByRole('button', { name: 'I have it' }).click()
  const row = page.getByRole('row', { name: /shop/ })
  const asked = () => fetch(`${host.url}api/v1/registrations`, { headers: { authorization: `Bearer ${token}` } })
  t.equal((await asked()).status, 200)
  await row.getByRole('button', { name: 'Revoke' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
  await row.getByText('revoked').waitFor()
  t.equal((await asked()).status, 401)
})

const goToHash = (page: { evaluate: (script: string) => Promise<unknown> }, hash: string) =>
  page.evaluate(`location.hash = ${JSON.stringify(hash)}`)
