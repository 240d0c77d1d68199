import t from 'tap'
import { testCrm, testHost } from '../harness.ts'
import { testChannel } from './channel.ts'

const channel = testChannel({ name: 'hooked', markdowns: { webhook: async (_lookup, tools) => tools.webhookUrl } })

t.test('no secret stands readable in the database or in an answer', async t => {
  const crm = await testCrm(t)
  const host = await testHost(t)
  const plugin = await crm.register(host.at('form-gallery'), { hpt: 'HPT-swordfish' })
  const saved = {
    main: { string: 'open-text', integer: 1, boolean: true, password: 'pw-swordfish', password2: 'pw2-swordfish' },
    lists: { static: ['one'] }
  }
  const put = await plugin.saveSettings(saved)
  t.equal(put.status, 200, put.text)
  const answers = [put, await plugin.settings(), await plugin.form(), await plugin.saveSettings({})]
  for (const { text } of answers) t.notMatch(text, /swordfish/)

  const dump = await everything(host.database.sql)
  t.match(dump, /open-text/, 'the dump has the settings')
  t.notMatch(dump, /swordfish/)
  for (const secret of ['HPT-swordfish', 'pw-swordfish', 'pw2-swordfish'])
    for (const encoding of ['base64', 'base64url', 'hex'] as const)
      t.notOk(dump.includes(Buffer.from(secret).toString(encoding).slice(0, 14)), `not as ${encoding} either`)
})

t.test('the secret in the address of a webhook stands only sealed and hashed', async t => {
  const crm = await testCrm(t)
  const host = await testHost(t, { channels: [{ channel, path: '/' }] })
  const plugin = await crm.register(host.url)
  const { markdown } = (await plugin.markdownPreview('webhook')).json as { markdown: string }
  const token = markdown.split('/').at(-1) ?? ''
  t.match(token, /^[\w-]{32}$/)
  t.notOk((await everything(host.database.sql)).includes(token))
})

t.test('two plugins with the same secret look different', async t => {
  const crm = await testCrm(t)
  const host = await testHost(t)
  await crm.register(host.url, { hpt: 'same' })
  await crm.register(host.url, { hpt: 'same' })
  const rows = await host.database.sql<{ hpt: string }[]>`select hpt from registrations`
  t.equal(new Set(rows.map(({ hpt }) => hpt)).size, 2)
})

/** Every row of every table that is not Postgres's own. */
async function everything(sql: Awaited<ReturnType<typeof testHost>>['database']['sql']): Promise<string> {
  const tables = await sql<{ schema: string; name: string }[]>`
    select table_schema as schema, table_name as name from information_schema.tables
    where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`
  const rows = await Promise.all(
    tables.map(({ schema, name }) => sql`select row_to_json(r)::text as row from ${sql(schema)}.${sql(name)} r`)
  )
  return rows
    .flat()
    .map(({ row }) => row)
    .join('\n')
}
