import { randomUUID } from 'node:crypto'
import t from 'tap'
import { testCrm, testHost } from '../harness.ts'
import { askJson, isEnvelope } from './ask.ts'

/** No worker: what is stored stays as it was stored. */
const crm = await testCrm(t)
const host = await testHost(t, { env: { LV_PLUGIN_ROLES: 'web' } })
const plugin = await crm.register(host.url)
const { sql } = host.database

const text = { text: 'hello', format: 'text' }
const post = (message: object, chat: object = { id: 'c', contact: '+7999', subject: null }, to = plugin) =>
  to.special({ chat, message })

const stored = (id: string) => sql`select * from messages where crm_id = ${id}`
const jobs = async () =>
  Number((await sql`select count(*) from graphile_worker.jobs where task_identifier = 'send'`)[0]?.count)
const waiting = async (contact: string) =>
  (await sql`select from conversations where contact = ${contact} and sending_due is not null`).length

t.test('a message is answered 202 without a body when it is stored and will be sent', async t => {
  const before = await jobs()
  const answer = await post({ id: 'm-1', content: text, attachments: [] })
  t.equal(answer.status, 202)
  t.equal(answer.text, '')
  t.match(await stored('m-1'), [
    { state: 'waiting', attempts: 0, body: { contact: '+7999', subject: null, content: text, attachments: [] } }
  ])
  t.equal(await waiting('+7999'), 1)
  t.equal(await jobs(), before + 1)
})

t.test('a message that cannot be scheduled is not stored either, and may be posted again', async t => {
  await sql`alter schema graphile_worker rename to elsewhere`
  const answer = await post({ id: 'm-2', content: text }, { contact: 'nobody' })
  await sql`alter schema elsewhere rename to graphile_worker`
  t.equal(answer.status, 500)
  t.ok(isEnvelope(answer))
  t.same(await stored('m-2'), [])
  t.equal(await waiting('nobody'), 0)

  t.equal((await post({ id: 'm-2', content: text }, { contact: 'nobody' })).status, 202)
  t.equal((await stored('m-2')).length, 1)
  t.equal(await waiting('nobody'), 1)
})

t.test('a message posted again is answered 202 and stored once, as it came first', async t => {
  const answers = [
    await post({ id: 'm-3', content: text }),
    await post({ id: 'm-3', content: text }),
    await post({ id: 'm-3', content: { text: 'changed', format: 'text' } }, { contact: 'other' })
  ]
  t.same(
    answers.map(({ status, text }) => [status, text]),
    [
      [202, ''],
      [202, ''],
      [202, '']
    ]
  )
  t.match(await stored('m-3'), [{ body: { content: text } }])
  t.equal(await waiting('other'), 0)
})

t.test('fifty of the same message at once are one message', async t => {
  const answers = await Promise.all(Array.from({ length: 50 }, () => post({ id: 'm-4', content: text })))
  t.same([...new Set(answers.map(({ status }) => status))], [202])
  t.equal((await stored('m-4')).length, 1)
})

t.test('fifty messages at once are all stored, in as many conversations as they have', async t => {
  const ids = Array.from({ length: 50 }, () => randomUUID())
  const answers = await Promise.all(
    ids.map((id, index) => post({ id, content: { text: id, format: 'text' } }, { contact: `many ${index % 7}` }))
  )
  t.same([...new Set(answers.map(({ status }) => status))], [202])
  const rows = await sql`select crm_id, body from messages where body ->> 'contact' like 'many %'`
  t.same(rows.map(({ crm_id }) => crm_id).sort(), ids.toSorted())
  for (const { crm_id, body } of rows) t.equal(body.content.text, crm_id)
  t.equal((await sql`select from conversations where contact like 'many %'`).length, 7)
})

t.test('the same id of two plugins is two messages', async t => {
  const other = await crm.register(host.url)
  await Promise.all([post({ id: 'm-5', content: text }), post({ id: 'm-5', content: text }, { contact: '1' }, other)])
  t.equal((await stored('m-5')).length, 2)
})

t.test('messages without an id are taken each time', async t => {
  for (const message of [{ content: text }, { id: null, content: text }])
    t.equal((await post(message, { contact: 'anonymous' })).status, 202)
  t.equal((await sql`select from messages where crm_id is null and body ->> 'contact' = 'anonymous'`).length, 2)
})

t.test('zero, letters of every kind, NULs and very long texts are stored to the letter', async t => {
  const texts = ['0', '0.0', '🙂 «ё» \u00a0', 'a\0b', '\u2028"\\/', 'x'.repeat(200_000), 'ё'.repeat(524_288)]
  for (const [index, text] of texts.entries()) {
    const id = `letter-${index}`
    t.equal((await post({ id, content: { text, format: 'html' } })).status, 202, id)
    const [row] = await stored(id)
    t.ok(row?.body.content.text === text && row?.body.content.format === 'html')
  }
})

const GENERIC = 'Can not parse chat & message data'
const BLANK = 'Message text should not be empty'
const EMPTY = 'Message should contain content or attachmetns'
const file = { name: 'a', uri: 'https://example.com/a', type: 'file' }

const REFUSED: readonly (readonly [unknown, string])[] = [
  [{}, EMPTY],
  [[], EMPTY],
  [{ chat: { contact: '1' } }, EMPTY],
  [{ chat: { contact: '1' }, message: null }, EMPTY],
  [{ chat: { contact: '1' }, message: { id: 'no', content: null, attachments: [] } }, EMPTY],
  [{ chat: { contact: '1' }, message: { id: 'no', content: { text: ' ', format: 'text' } } }, BLANK],
  [
    { chat: { contact: '1' }, message: { id: 'no', content: { text: '', format: 'text' }, attachments: [file] } },
    BLANK
  ],
  [{ chat: { contact: '1' }, message: { id: 'no', content: { text: 'x' } } }, GENERIC],
  [{ chat: { contact: '1' }, message: { id: 'no', content: 'x' } }, GENERIC],
  [{ chat: { contact: '1' }, message: { id: 'no', content: ['x'] } }, GENERIC],
  [{ chat: { contact: '1' }, message: { id: 'no', attachments: [{ ...file, type: 'video' }] } }, GENERIC],
  [{ chat: { contact: '1' }, message: { id: 'no', attachments: ['x'] } }, GENERIC],
  [{ chat: { contact: '1' }, message: { id: ['no'], content: text } }, GENERIC],
  [{ chat: { contact: '' }, message: { id: 'no', content: text } }, GENERIC],
  [{ chat: null, message: { id: 'no', content: text } }, GENERIC],
  [{ message: { id: 'no', content: text } }, GENERIC],
  [{ chat: { contact: '1', subject: ['x'] }, message: { id: 'no', content: text } }, GENERIC]
]

t.test('what is no message is refused with the text of the reference, and nothing is stored', async t => {
  const before = await sql`select from messages`
  for (const [body, message] of REFUSED) {
    const answer = await plugin.special(body)
    t.equal(answer.status, 405, JSON.stringify(body))
    t.same(answer.json, { code: 405, message })
    t.notOk('allow' in answer.headers, 'this 405 is not about methods')
  }
  t.equal((await sql`select from messages`).length, before.length)
})

t.test('a token without a message is refused', async t => {
  for (const body of [undefined, null, 'x', 5, true, '']) {
    const answer = await plugin.special(body)
    t.equal(answer.status, 400, String(body))
    t.ok(isEnvelope(answer))
  }
})

t.test('a body without a token is refused', async t => {
  for (const body of [{}, [], null, 'x', { request: null }, { request: 5 }, { request: ['a.b.c'] }, { request: 'abc' }])
    t.same(
      (await askJson(`${host.url}special/send`, 'POST', body)).json,
      { code: 403, message: 'The JWT string must have two dots' },
      JSON.stringify(body)
    )
})

t.test('a contact or an id that is too long to be a key is refused, and harms no neighbour', async t => {
  const long = Array.from({ length: 300 }, () => randomUUID()).join('')
  const neighbours = Array.from({ length: 20 }, () => randomUUID())
  const [byContact, byId, ...answers] = await Promise.all([
    post({ id: 'too-long', content: text }, { contact: long }),
    post({ id: long, content: text }),
    ...neighbours.map(id => post({ id, content: text }))
  ])
  t.same(
    answers.map(({ status }) => status),
    neighbours.map(() => 202)
  )
  t.equal((await sql`select from messages where crm_id in ${sql(neighbours)}`).length, neighbours.length)
  t.equal(byContact.status, 405)
  t.equal(byId.status, 405)
})
