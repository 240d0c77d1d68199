import t from 'tap'
import { gathering, MOBILE } from './lot-fixture.ts'
import { cli, cliJson } from './run.ts'

t.test('doctor asks each gateway, and fails when one is not well', async t => {
  const { fake, crm, host, env } = await gathering(t, 0)
  t.match(await cli(t, ['doctor'], { env }), { code: 0, stdout: /\n1 +bpmessage +\S+ +ok\n$/ })
  fake.faults.plan('routes', { kind: 'status', status: 401, body: { messages: ['Unauthorized'] } }, { times: 2 })
  t.match(await cli(t, ['doctor', '--registration', '1'], { env }), {
    code: 1,
    stdout: /connection.apiUrl: The API refuses: Unauthorized/,
    stderr: '1 registration cannot send as it should.\n'
  })
  await crm.register(host.url)
  fake.faults.clear()
  t.match((await cli(t, ['doctor'], { env })).stdout, /\n2 +bpmessage +\S+ +the settings are not complete\n/)
})

t.test('test-actions plays every action on a fake, without a database', async t => {
  t.match(await cliJson(t, ['test-actions', '--contacts', '2']), {
    actions: [
      { action: 'message', prepared: 2, refused: [], lot: '9001', problem: null },
      { action: 'email', prepared: 2 },
      { action: 'template', prepared: 2, example: { subject: 'A test for Ana', body: '<p>Hello Ana</p>' } }
    ],
    violations: []
  })
  t.match(await cli(t, ['test-actions', '--live']), { code: 1, stderr: /^--live wants a --registration/ })
  t.match(await cli(t, ['test-actions', '--to', '1']), { code: 1, stderr: /go with --live/ })
})

t.test(
  'test-actions --live sends by the settings of a registration, and a test template can be used by it',
  async t => {
    const { fake, env, host } = await gathering(t, 0)
    t.match(await cliJson(t, ['create-test-template', '--registration', '1'], { env }), {
      code: 'test',
      fields: ['body']
    })
    t.match(await cli(t, ['create-test-template', '--registration', '1'], { env }), {
      code: 1,
      stderr: /^There is a template "test" already/
    })
    const live = ['test-actions', '--live', '--registration', '1', '--action', 'message', '--to', MOBILE(7)]
    t.match(await cliJson(t, live, { env }), { actions: [{ prepared: 1, problem: null }] })
    t.match(fake.received(), [{ contact: MOBILE(7) }])
    t.match(await host.database.sql`select data->'templates'->>'body' body from settings`, [{ body: /^test: Hello/ }])
  }
)
