import t from 'tap'
import {
  CALLS,
  callBody,
  callClaims,
  callUrl,
  incomingBody,
  statusBody,
  userAgent
} from '../../src/protocol/special-request.ts'

const SELF = 'https://plugin.example.com/echo/'
const CLUSTER = 'https://backend.salesrender.com/'
const reference = { companyId: '1', alias: 'chat', pluginId: '10' }

t.test('a status is patched and an incoming message is put, each with its own success and stop codes', async t => {
  t.match(CALLS.status, { method: 'PATCH', success: 200 })
  t.match(CALLS.incoming, { method: 'PUT', success: 201 })
  t.same([...CALLS.status.stop].sort(), [404, 418])
  t.same([...CALLS.incoming.stop].sort(), [405, 418])
})

t.test("the address is below the cluster's, whose path stays and whose query goes", async t => {
  const addresses: [string, string][] = [
    [CLUSTER, 'https://backend.salesrender.com'],
    ['https://backend.salesrender.com', 'https://backend.salesrender.com'],
    ['https://x.backend.salesrender.com:8443/a/b/', 'https://x.backend.salesrender.com:8443/a/b'],
    ['https://backend.salesrender.com/a//', 'https://backend.salesrender.com/a'],
    ['https://backend.salesrender.com/a?b=c#d', 'https://backend.salesrender.com/a']
  ]
  for (const [cluster, base] of addresses) {
    t.equal(callUrl(cluster, '1', 'status'), `${base}/companies/1/CRM/plugin/chat/status`)
    t.equal(callUrl(cluster, '1', 'incoming'), `${base}/companies/1/CRM/plugin/chat/incoming`)
  }
})

t.test('a company cannot lead a call to another path', async t => {
  t.equal(callUrl(CLUSTER, '../../x?y#z', 'status'), `${CLUSTER}companies/..%2F..%2Fx%3Fy%23z/CRM/plugin/chat/status`)
})

t.test('the claims are those of the reference in its order, ids as texts, holding five minutes', async t => {
  const claims = callClaims(SELF, CLUSTER, reference, { id: '7' }, new Date(1_700_000_000_900))
  t.equal(
    JSON.stringify(claims),
    JSON.stringify({
      iss: SELF,
      aud: CLUSTER,
      cid: '1',
      plugin: { alias: 'chat', id: '10' },
      body: { id: '7' },
      exp: 1_700_000_300
    })
  )
})

t.test("the audience is the cluster's address as the CRM wrote it", async t => {
  const given = 'https://backend.salesrender.com/a?b=c'
  t.equal(callClaims(SELF, given, reference, {}, new Date()).aud, given)
})

t.test('beside the token stands the task as the reference writes it, counting the tries that failed', async t => {
  const task = (failed: number, interval: number) => ({
    createdAt: {
      attemptLastTime: null,
      attemptNumber: failed,
      attemptLimit: 5,
      attemptInterval: interval,
      attemptLog: ''
    },
    attempt: { number: failed, limit: 5, interval }
  })
  t.equal(JSON.stringify(callBody('incoming', 'jwt', 0)), JSON.stringify({ request: 'jwt', __task: task(0, 5) }))
  t.equal(JSON.stringify(callBody('status', 'jwt', 4)), JSON.stringify({ request: 'jwt', __task: task(4, 10) }))
})

t.test('a status names the message by the id of the CRM', async t => {
  t.equal(JSON.stringify(statusBody('987', 'delivered')), '{"id":"987","status":"delivered"}')
})

t.test('an incoming message has no id, its chat has a null one, and attachments are always a list', async t => {
  t.equal(
    JSON.stringify(incomingBody({ contact: '7900', subject: null, content: null, attachments: [] })),
    '{"chat":{"id":null,"contact":"7900","subject":null},"message":{"content":null,"attachments":[]}}'
  )
  const file = { name: 'a', uri: 'https://example.com/a', type: 'file' } as const
  t.same(
    incomingBody({ contact: '7900', subject: 'S', content: { text: 'Hi', format: 'text' }, attachments: [file] }),
    {
      chat: { id: null, contact: '7900', subject: 'S' },
      message: { content: { text: 'Hi', format: 'text' }, attachments: [file] }
    }
  )
})

t.test('every call says whose it is', async t => {
  t.equal(userAgent(SELF), 'SR-PLUGIN-CHAT-BOT/1.0 (+https://plugin.example.com/echo/info)')
  t.equal(userAgent('https://plugin.example.com/'), 'SR-PLUGIN-CHAT-BOT/1.0 (+https://plugin.example.com/info)')
})
