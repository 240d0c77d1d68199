import t from 'tap'
import { makeSecret, signatureHeaders } from '../../src/webhook-push/signature.ts'

/** The published example of the standard, which its own libraries are tested with. */
const EXAMPLE = {
  secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  signed: {
    id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    at: new Date(1_614_265_330_999),
    body: '{"test": 2432232314}'
  },
  signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
}

t.test('a signature is that of the example of Standard Webhooks, of whole seconds', async t => {
  t.same(signatureHeaders(EXAMPLE.signed, [EXAMPLE.secret]), {
    'webhook-id': EXAMPLE.signed.id,
    'webhook-timestamp': '1614265330',
    'webhook-signature': EXAMPLE.signature
  })
})

t.test('two secrets make two signatures, the newest first', async t => {
  const other = makeSecret()
  const [first, second, ...more] = signatureHeaders(EXAMPLE.signed, [other, EXAMPLE.secret])['webhook-signature'].split(
    ' '
  )
  t.equal(second, EXAMPLE.signature)
  t.equal(first, signatureHeaders(EXAMPLE.signed, [other])['webhook-signature'])
  t.same(more, [])
})

t.test('a secret has 32 random bytes', async t => {
  const [one, other] = [makeSecret(), makeSecret()]
  t.match(one, /^whsec_[A-Za-z0-9+/]{43}=$/)
  t.not(one, other)
})
