import { FORBIDDEN } from 'channel-kit/network'
import t from 'tap'
import { outcomeOf, outcomeOfError } from '../src/gateway.ts'

const answered = (status: number, body = '') => outcomeOf({ status, body: Buffer.from(body) })

t.test('an id is what says that the gateway has the message', async t => {
  for (const command of ['send_rsp', 'rcv_rsp', ''])
    t.same(answered(200, `<message command="${command}"><id> 4 </id></message>`), { kind: 'taken', id: '4' })
  t.same(answered(201, '<message><id>4</id><id>5</id></message>'), { kind: 'taken', id: '4' })
})

t.test('an answer without one is a refusal if it is a message, and a riddle if it is not', async t => {
  for (const body of ['<message/>', '<message><id></id></message>', '<message><id> </id></message>'])
    t.match(answered(200, body), { kind: 'rejected', reason: /Refused/ }, body)
  for (const body of [
    '',
    'OK',
    '<html><id>4</id></html>',
    '<!DOCTYPE message><message><id>4</id></message>',
    `<message><id>4</id>${' '.repeat(65_536)}</message>`
  ])
    t.match(answered(200, body), { kind: 'unknown' }, body.slice(0, 30))
})

t.test('what was said is quoted, on one line and not for ever', async t => {
  const quoted = (body: string) => {
    const outcome = answered(400, body)
    return outcome.kind === 'rejected' ? outcome.reason : outcome.kind
  }
  t.equal(quoted(' bad\n  number '), 'The gateway answered 400: bad number')
  t.equal(quoted(''), 'The gateway answered 400')
  t.equal(quoted('x'.repeat(1_000)), `The gateway answered 400: ${'x'.repeat(300)}`)
})

t.test('a token that is said back is not quoted', async t => {
  const body = Buffer.from(`${' '.repeat(280)}Bearer s3cret is unknown: s3cret`)
  const outcome = outcomeOf({ status: 401, body, secret: 's3cret' })
  t.match(outcome, { reason: 'The gateway answered 401: Bearer *** is unknown: ***' })
})

t.test('an error of the network is in doubt, unless it came before anything was written', async t => {
  const error = (code: string, more = {}) =>
    new TypeError('fetch failed', { cause: Object.assign(new Error('x'), { code, ...more }) })
  for (const code of [
    'ECONNREFUSED',
    'ENOTFOUND',
    'EAI_AGAIN',
    'UND_ERR_CONNECT_TIMEOUT',
    'CERT_HAS_EXPIRED',
    FORBIDDEN
  ])
    t.match(outcomeOfError(error(code)), { kind: 'retry', reason: new RegExp(code) }, code)
  t.match(outcomeOfError(error('ECONNRESET', { syscall: 'connect' })), { kind: 'retry' })
  for (const code of ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'])
    t.match(outcomeOfError(error(code)), { kind: 'unknown' })
  t.match(outcomeOfError(new DOMException('late', 'TimeoutError')), { kind: 'unknown' })
  t.equal(outcomeOfError(new Error('a bug')), undefined)
  t.equal(outcomeOfError('a bug'), undefined)
})
