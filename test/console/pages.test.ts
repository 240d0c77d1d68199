import { AxeBuilder } from '@axe-core/playwright'
import t, { type Test } from 'tap'
import { apiHost } from '../api/ask.ts'
import { wrote } from '../conversation-fixture.ts'
import { openBrowser } from '../demo-process.ts'
import { until } from '../harness.ts'
import { callWith, mendedChannel } from '../inbound/mended-channel.ts'
import { goTo, openConsole } from './open-console.ts'

/** Every page of the console, full of what others have written: whoever uses it can, and nothing of that runs. */

const PAGES: readonly (readonly [path: string, heading: string | RegExp])[] = [
  ['overview', 'Overview'],
  ['messages', 'Messages'],
  ['messages/1', /Message 1/],
  ['failures', 'Failures'],
  ['outbox', 'Outbox'],
  ['lots', 'Lots'],
  ['webhooks', 'Webhooks received'],
  ['webhooks/1', 'Call 1'],
  ['registrations', 'Registrations'],
  ['registrations/1', 'Registration 1'],
  ['registrations/1/settings', 'Registration 1'],
  ['registrations/1/templates', 'Registration 1'],
  ['registrations/1/opt-outs', 'Registration 1'],
  ['registrations/1/holds?contact=%2B100', 'Registration 1'],
  ['registrations/1/usage', 'Registration 1'],
  ['events', 'Events'],
  ['tokens', 'Tokens'],
  ['audit', 'Audit'],
  ['nowhere', 'There is no such page']
]

// Each page is looked at four times.
t.setTimeout(300_000)

const browser = await openBrowser(t)

t.test('no page has a serious fault for a screen reader or a keyboard, wide or narrow, light or dark', async t => {
  const host = await fullHost(t, 'plain words')
  for (const [width, scheme] of [
    [1_280, 'light'],
    [360, 'dark']
  ] as const) {
    const { page } = await openConsole(t, browser, host)
    await page.emulateMedia({ colorScheme: scheme })
    await page.setViewportSize({ width, height: 800 })
    for (const [path, heading] of PAGES) {
      await goTo(page, path, heading)
      await page.locator('.starting').waitFor({ state: 'detached' })
      const { violations, passes } = await new AxeBuilder({ page: page as never }).analyze()
      const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
      t.same(
        serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).slice(0, 3)}`),
        [],
        `${path}, ${width} px, ${scheme}`
      )
      t.ok(passes.length > 10, 'the page was looked at')
      const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
      t.ok(Number(overflow) <= 0, `${path} is not wider than ${width} px`)
    }
  }
})

/** Each would show itself: by a global, an element, or a request. */
const ATTACKS = [
  '<script>globalThis.pwned = 1</script>',
  '<img src=x onerror="globalThis.pwned = 1">',
  '"><svg onload="globalThis.pwned = 1">',
  '<a href="javascript:globalThis.pwned = 1">x</a>',
  '[x](javascript:globalThis.pwned=1) ![](https://evil.example/pixel.png)',
  '<style>body { display: none }</style><iframe src="https://evil.example"></iframe>',
  '{{globalThis.pwned = 1}}{constructor}'
].join(' ')

t.test('nothing runs that a customer, a gateway, a CRM or a tenant has written, whatever page shows it', async t => {
  const host = await fullHost(t, ATTACKS)
  const { page, foreign, broken } = await openConsole(t, browser, host)
  let shown = 0
  for (const [path, heading] of PAGES) {
    await goTo(page, path, heading)
    await page.locator('.starting').waitFor({ state: 'detached' })
    const main = page.locator('main')
    if ((await main.innerText()).includes('globalThis.pwned')) shown += 1
    t.equal(
      await main.locator('script, iframe, style, svg[onload], img[onerror], a[href^="javascript:"]').count(),
      0,
      path
    )
  }
  t.ok(shown >= 6, `the attacks are shown as text, on ${shown} pages`)
  t.equal(await page.evaluate('globalThis.pwned'), undefined)
  t.same(foreign, [], 'nothing was asked of others')
  t.same(broken, [])
})

t.test('every text is there in each language, and the page says which it is', async t => {
  const host = await fullHost(t, 'plain words')
  const { page } = await openConsole(t, browser, host)
  for (const [language, title] of [
    ['ru_RU', 'Обзор'],
    ['pt_BR', 'Visão geral'],
    ['sk_SK', 'Prehľad'],
    ['en_US', 'Overview']
  ] as const) {
    await page.locator('header select').selectOption(language)
    await page.getByRole('heading', { level: 1, name: title }).waitFor()
    t.equal(await page.evaluate('document.documentElement.lang'), language.slice(0, 2))
  }
})

t.test('all of it can be reached by the keyboard, and the focus follows to the page', async t => {
  const host = await fullHost(t, 'plain words')
  const { page } = await openConsole(t, browser, host)
  await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor()
  await page.getByRole('link', { name: 'Messages', exact: true }).press('Enter')
  await page.getByRole('heading', { name: 'Messages', level: 1 }).waitFor()
  t.equal(await page.evaluate('document.activeElement.id'), 'main')
  await goTo(page, 'tokens', 'Tokens')
  await page.getByRole('button', { name: 'New token' }).press('Enter')
  await page.getByRole('dialog').waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  t.pass('Escape leaves a question')
})

/** A host that has something for every page, all of it with these words. */
async function fullHost(t: Test, words: string): Promise<string> {
  const { channel } = mendedChannel()
  const refusing = {
    ...channel,
    templates: {
      list: async () => [
        {
          ...{ name: `name ${words}`, language: 'en_US', status: 'REJECTED', isUsable: false, reason: `why ${words}` },
          ...{ category: 'UTILITY', header: `header ${words}`.slice(0, 255), body: `body ${words}`, footer: null },
          ...{ buttons: [`button ${words}`.slice(0, 255)], parameters: [`parameter ${words}`] }
        }
      ]
    },
    send: async () => ({ kind: 'rejected' as const, reason: `refused ${words}`, code: words.slice(0, 50) })
  }
  const { host, crm, ask } = await apiHost(t, { channels: [{ channel: refusing, path: '/' }] })
  const plugin = await crm.register(host.url)
  await plugin.send({
    contact: '+100',
    subject: `subject ${words}`,
    content: { text: `text ${words}`, format: 'html' as const },
    attachments: []
  })
  const { markdown } = (await plugin.markdownPreview('webhook')).json as { markdown: string }
  await callWith(markdown, { events: [wrote('m1', '+100', `customer ${words}`)], odd: [wrote('m2', '+100', words)] })
  await ask('/registrations/1/suppressions', {
    body: { contacts: ['+200'], purpose: 'marketing', note: `note ${words}` }
  })
  await ask('/registrations/1/conversations/%2B100/hold', { method: 'PUT', body: { reason: `held ${words}` } })
  await ask('/registrations/1/pause', { body: { reason: `paused ${words}`.slice(0, 500) } })
  await ask('/tokens', { body: { name: `name ${words}`.slice(0, 100), scopes: ['read'] } })
  const { sql } = host.database
  await until('the message to fail', async () => (await sql`select from messages where state = 'failed'`).length === 1)
  await until('the line to be told', async () => (await sql`select from outbox where settled_at is null`).length === 0)
  return host.url
}
