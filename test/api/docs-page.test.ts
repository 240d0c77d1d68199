import { chromium } from 'playwright-core'
import t from 'tap'
import { apiHost } from './ask.ts'

const { host, ask } = await apiHost(t)
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
t.teardown(() => browser.close())

t.test('the page of the API draws every route, and a browser finds nothing to complain of', async t => {
  const page = await browser.newPage({ viewport: { width: 1200, height: 900 } })
  const complaints: string[] = []
  page.on('console', message => void (message.type() === 'error' && complaints.push(message.text())))
  page.on('requestfailed', request => void complaints.push(`${request.url()} failed`))
  page.on('request', request => void (request.url().startsWith(host.url) || complaints.push(request.url())))
  await page.goto(`${host.url}api/v1/docs`)
  const { paths } = (await ask('/openapi.json')).json
  const routes = Object.values(paths).flatMap(methods => Object.keys(methods))
  await page
    .locator('.opblock')
    .nth(routes.length - 1)
    .waitFor()
  t.equal(await page.locator('.opblock').count(), routes.length)
  await page.locator('.opblock-summary').first().click()
  await page.locator('.opblock-body').first().waitFor()
  t.same(complaints, [])
})
