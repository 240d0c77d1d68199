import type { Browser, Page } from 'playwright-core'
import type { Test } from 'tap'
import { CONSOLE_TOKEN } from '../api/ask.ts'
import { openPage } from '../demo-process.ts'

/** The console of a host in a browser, logged in as an operator does. */
export async function openConsole(t: Test, browser: Browser, host: string, token = CONSOLE_TOKEN) {
  const opened = await openPage(t, browser, `${host}console/`)
  await logIn(opened.page, token)
  await opened.page.getByRole('navigation', { name: 'Pages' }).waitFor({ state: 'attached' })
  return opened
}

export async function logIn(page: Page, token: string): Promise<void> {
  await page.getByLabel('Token').fill(token)
  await page.getByRole('button', { name: 'Log in' }).click()
}

/** Goes to a page by its address, as a link does. */
export async function goTo(page: Page, path: string, heading: string | RegExp): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(`#/${path}`)}`)
  await page.getByRole('heading', { level: 1, name: heading }).waitFor()
}
