import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { testFolder } from '../harness.ts'
import { apiHost } from './ask.ts'

const { host, ask, token, crm } = await apiHost(t)
const text = await readFile(new URL('../../docs/api.md', import.meta.url), 'utf8')

t.test('the client of docs/api.md pauses a registration whose messages wait for more than an hour', async t => {
  await crm.register(host.url)
  const { sql } = host.database
  const [row] = await sql`
    with contact as (insert into conversations (registration_id, contact) select id, 'c' from registrations returning *)
    insert into messages (registration_id, conversation_id, body, created_at)
    select registration_id, id, '{}', now() - interval '2 hours' from contact returning registration_id id`
  const [, code = ''] = /```ts\n([\s\S]*?)```/.exec(text) ?? []
  const file = join(await testFolder(t), 'client.mts')
  await writeFile(file, code)
  const env = { PATH: process.env.PATH, HOST_URL: host.url, TOKEN: await token({ scopes: ['read', 'operate'] }) }
  const child = spawn(process.execPath, [file], { env, stdio: ['ignore', 'inherit', 'inherit'] })
  t.same(await once(child, 'close'), [0, null])
  t.match((await ask(`/registrations/${row?.id}`)).json.pauses, [
    { by: 'operator', reason: 'nothing left for an hour', until: null }
  ])
})

t.test('the table of routes in docs/api.md has those of the OpenAPI file and no others', async t => {
  const { paths } = (await ask('/openapi.json')).json
  const described = Object.entries<object>(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map(method => `${method.toUpperCase()} ${path.replace('/api/v1', '')}`)
  )
  const written = [...text.matchAll(/^\| `((?:GET|POST|PUT|DELETE) [^`]+)`/gm)].map(([, route]) => route)
  t.same(written.toSorted(), described.toSorted())
})
