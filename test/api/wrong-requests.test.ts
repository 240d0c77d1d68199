import t from 'tap'
import { apiHost } from './ask.ts'

/** Requests of somebody who tries what is not meant to be sent. Every answer is a refusal in the envelope. */

const { host, ask, token } = await apiHost(t, { env: { LV_PLUGIN_QUOTA_API: '1000' } })

const NUL = '%00'
const TIMES = [
  '2026-01-01T23:59:60Z',
  '0000-01-01T00:00:00Z',
  '9999-12-31T23:59:59Z',
  '2026-02-31T00:00:00Z',
  '2026-01-01T25:00:00Z',
  '2026-01-01T00:00:00+99:00',
  '2026-01-01',
  'infinity'
]

t.test('a query that the database cannot take is refused, and none is a fault of the host', async t => {
  const queries = [
    `q=a${NUL}b`,
    `reason=${NUL}`,
    'q=',
    `q=${'x'.repeat(513)}`,
    'registration=1e3',
    'registration=true',
    'registration=9007199254740993',
    'state=lost',
    'cursor=1e3',
    'limit=1&limit=2',
    'q[a]=1&__proto__=x',
    ...TIMES.flatMap(time => [`since=${encodeURIComponent(time)}`, `until=${encodeURIComponent(time)}`])
  ]
  for (const query of queries) t.match(await ask(`/messages?${query}`), { status: 400, json: { code: 400 } }, query)
})

t.test('text that looks like SQL is text', async t => {
  for (const q of ["' or 1=1 --", '%', '_', '\\', '$1', '{a}', '👋', '\ud800'])
    t.match(await ask(`/messages?${new URLSearchParams({ q, reason: q })}`), { status: 200, json: { items: [] } }, q)
})

t.test('a body that is none, or too large, or of another type is refused, and the host answers meanwhile', async t => {
  const large = JSON.stringify({ ids: Array.from({ length: 1_000_000 }, (_, id) => id + 1) })
  const bodies = ['', '{', 'null', '[]', '"x"', '{"ids":[]}', '{"ids":[1,1]}', '{"ids":[1.5]}', '{"ids":["1"]}', large]
  for (const body of bodies) {
    const [{ status, json }, alive] = await Promise.all([
      ask('/outbox/replay', { body }),
      fetch(`${host.url}health/live`).then(({ status }) => status)
    ])
    t.ok([400, 413].includes(status), `${status} for ${body.slice(0, 30)}`)
    t.equal(json.code, status)
    t.equal(alive, 200)
  }
  const other = await fetch(`${host.url}api/v1/outbox/replay`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await token({ scopes: ['operate'] })}`, 'content-type': 'text/xml' },
    body: '<ids/>'
  })
  t.equal(other.status, 415)
  t.match(await other.json(), { code: 415 })
})
