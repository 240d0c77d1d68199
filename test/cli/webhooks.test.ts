import t from 'tap'
import { cli, cliJson } from './run.ts'
import { spoken } from './webhook-calls.ts'

/** Calls of a gateway by the command line, beside the host that takes them. */

t.test('webhooks: calls are listed with how they were read, and one is shown with its body', async t => {
  const { env, webhooks } = await spoken(t)
  t.match(webhooks, [
    { events: 0, skipped: { 'a document that cannot be read': 1 }, failed: null },
    { events: 1, skipped: {}, failed: null }
  ])
  const listed = await cli(t, ['webhooks', 'list', '--read', 'skipped', '--since', '1h'], { env })
  t.match(listed.stdout, /^id +registration.*\n\d+ .*1 a document that cannot be read/)
  t.notMatch(listed.stdout, /ahoj/)

  const id = webhooks[1]?.id
  const shown = await cliJson(t, ['webhooks', 'show', String(id)], { env })
  t.match(shown, { id, request: { method: 'POST', encoding: 'utf8', body: /30000001/ } })
})
