import { readFileSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { Client } from 'pg'
import t from 'tap'
import { testDatabase } from '../harness.ts'

/** The routines of the session, as the files have them. */

const SRC = fileURLToPath(new URL('../../src/', import.meta.url))

/** A value of each type that a parameter has: nothing, and one of something. */
const VALUES: Record<string, { nothing: unknown; one: unknown }> = {
  bigint: { nothing: 1, one: 1 },
  'bigint[]': { nothing: '{}', one: '{1}' },
  'text[]': { nothing: '{}', one: '{x}' },
  json: { nothing: '[]', one: '[{"registration": 1, "type": "x", "body": {}}]' },
  text: { nothing: '', one: 'send' },
  boolean: { nothing: false, one: true },
  'timestamp with time zone': { nothing: new Date(0), one: new Date() }
}

t.test('routines: each stands under its name, and runs without a warning with nothing and with one', async t => {
  const client = new Client({ connectionString: await testDatabase(t) })
  await client.connect()
  t.teardown(() => client.end())
  const notices: unknown[] = []
  client.on('notice', ({ message }) => notices.push(message))
  await client.query(`
    insert into registrations (channel, company_id, alias, plugin_id, cluster_uri, country, currency, hpt, webhook_token, webhook_hash)
    values ('scripted', '1', 'chat', '1', 'http://crm.example/', 'BR', 'BRL', '', '', '')`)
  await client.query(`load 'plpgsql'; set plpgsql.extra_errors = 'all'; set plpgsql.extra_warnings = 'all'`)

  const texts: string[] = []
  for await (const file of glob('**/*.sql', { cwd: SRC })) texts.push(readFileSync(`${SRC}${file}`, 'utf8'))
  for (const text of texts) await client.query(text)
  const { rows } = await client.query<{ name: string; types: string[] }>(`
    select proname name, array(select format_type(type, null) from unnest(proargtypes) with ordinality a(type, n) order by n) types
    from pg_proc where pronamespace = pg_my_temp_schema()`)

  const headers = texts.flatMap(text => [...text.matchAll(/^-- name: (\w+)$/gm)].map(header => header[1]))
  t.same(headers.toSorted(), rows.map(({ name }) => name).toSorted(), 'a header for each function, and no other')
  for (const how of ['nothing', 'one'] as const)
    for (const { name, types } of rows) {
      const values = types.map(type => VALUES[type]?.[how])
      const marks = types.map((_, index) => `$${index + 1}`).join(', ')
      await t.resolves(client.query(`select * from pg_temp.${name}(${marks})`, values), `${name} with ${how}`)
    }
  t.same(notices, [])
})
